using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>modify_ldt(2): what it takes, what it gives back, and who has the table.</summary>
public sealed class ModifyLdtTests
{
    private const int ModifyLdt = 154, Fork = 57, Wait4 = 61, ExitGroup = 231;
    private const int Write = 0x11, WriteOld = 1, Read = 0;
    private const ulong D = UserSpace.Data64;
    private const uint Is32Bit = 1, Conforming = 3 << 1, NotPresent = 1 << 5, Usable = 1 << 6, InPages = 1 << 4, ReadOnly = 1 << 3;

    public static TheoryData<string, string> KernelsAndOptions()
    {
        var rows = new TheoryData<string, string>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (string options in kernel.Traits.Version >= new Version(4, 15) ? (string[])["pti=on", "pti=off"] : [""])
                rows.Add(kernel.Name, options);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(KernelsAndOptions))]
    public void Descriptors_are_taken_or_refused_and_read_back(string kernel, string options)
    {
        CallScript script = new CallScript(64)
            .Holding(0x100, Descriptor(1, 0x1234_5678, 0xA_BCDE, Is32Bit | InPages | Usable))
            .Holding(0x110, Descriptor(2, 1, 1, Conforming))
            .Holding(0x120, Descriptor(2, 1, 1, Conforming | NotPresent))
            .Holding(0x130, Descriptor(8192, 0, 1, Is32Bit))
            .Holding(0x140, Descriptor(3, 0, 0xFFFF, 0))
            .Holding(0x150, Descriptor(1, 0, 0, ReadOnly | NotPresent))
            .Call(ModifyLdt, Read, D + 0x200, 64)
            .Call(ModifyLdt, Write, D + 0x100, 16).Call(ModifyLdt, Write, D + 0x100, 15).Call(ModifyLdt, Write, 0x10, 16)
            .Call(ModifyLdt, Write, D + 0x110, 16).Call(ModifyLdt, Write, D + 0x120, 16).Call(ModifyLdt, WriteOld, D + 0x120, 16)
            .Call(ModifyLdt, Write, D + 0x130, 16).Call(ModifyLdt, Write, D + 0x140, 16)
            .Call(ModifyLdt, Read, D + 0x200, 64).Call(ModifyLdt, 2, D + 0x300, 1000).Call(ModifyLdt, 7, 0, 0)
            .Call(ModifyLdt, Write, D + 0x150, 16).Call(ModifyLdt, Read, D + 0x400, 64);
        LinuxMachine machine = LinuxMachine.Boot(Kernels.Find(kernel), Cpus.Skylake, KernelOptions.Parse(options));
        machine.Load(script.Assemble());
        CallRun run = script.Finish(machine);
        Assert.Equal([0L, 0, -22, -14, -22, 0, -22, -22, 0, 64, 128, -38, 0, 64], Enumerable.Range(0, 14).Select(call => (long)(int)run[call]));

        // The result is an int, whose error does not reach the upper half.
        Assert.Equal(0xFFFF_FFEA, run[2]);
        ulong accessed = machine.Kernel.Traits.Version >= new Version(4, 15) ? 1ul << 40 : 0;
        Assert.Equal(0x12DA_F234_5678_BCDE | accessed, (ulong)run.Word(0x208));
        Assert.Equal(0x0000_F200_0000_FFFF | accessed, (ulong)run.Word(0x218));
        Assert.Equal(0, run.Word(0x408));
    }

    [Theory]
    [MemberData(nameof(KernelsAndOptions))]
    public void A_child_has_a_copy_and_its_changes_are_its_own(string kernel, string options)
    {
        LinuxMachine machine = LinuxMachine.Boot(Kernels.Find(kernel), Cpus.Skylake, KernelOptions.Parse(options));
        machine.Load(UserProgram.Assemble(a =>
        {
            var child = a.CreateLabel();
            void Set(ulong descriptor)
            {
                a.mov(edi, Write);
                a.mov(rsi, descriptor);
                a.mov(edx, 16);
                a.mov(eax, ModifyLdt);
                a.syscall();
            }

            void Call(int number)
            {
                a.mov(eax, number);
                a.syscall();
            }

            // EBX counts what LAR finds: 1 for the entry of the parent, 2 for that of the child.
            void Look()
            {
                a.xor(ebx, ebx);
                foreach ((int selector, int weight) in new[] { (7, 1), (15, 2) })
                {
                    var none = a.CreateLabel();
                    a.mov(ecx, selector);
                    a.lar(eax, ecx);
                    a.jne(none);
                    a.add(ebx, weight);
                    a.Label(ref none);
                    a.nop();
                }
            }

            Set(D + 0x100);
            Call(Fork);
            a.test(eax, eax);
            a.je(child);
            a.mov(edi, -1);
            a.mov(rsi, D + 0x200);
            a.xor(edx, edx);
            a.xor(r10d, r10d);
            Call(Wait4);
            Look();
            a.shl(ebx, 4);
            a.movzx(edi, __byte_ptr[D + 0x201]);
            a.or(edi, ebx);
            Call(ExitGroup);

            a.Label(ref child);
            Set(D + 0x110);
            Look();
            a.mov(edi, ebx);
            Call(ExitGroup);
        }, 64));
        Assert.True(machine.Memory.TryWrite(D + 0x100, [.. Descriptor(0, 0, 0xFFFF, Is32Bit), .. Descriptor(1, 0, 0xFFFF, Is32Bit)]));
        machine.Run(RunLimits.Instructions(400_000));
        Assert.Equal(0x13, machine.ExitStatus);
    }

    [Fact]
    public void A_table_of_the_greatest_size_keeps_what_the_small_one_had()
    {
        CallScript script = new CallScript(64)
            .Holding(0x100, Descriptor(0, 0, 5, Is32Bit)).Holding(0x110, Descriptor(8191, 0, 6, Is32Bit))
            .Call(ModifyLdt, Write, D + 0x100, 16).Call(ModifyLdt, Write, D + 0x110, 16)
            .Then(a =>
            {
                a.mov(ecx, 7);
                a.lsl(eax, ecx);
                a.mov(__dword_ptr[D + 0x200], eax);
                a.mov(ecx, (8191 << 3) | 7);
                a.lsl(eax, ecx);
                a.mov(__dword_ptr[D + 0x204], eax);
            });
        CallRun run = script.Run();
        Assert.Equal([5, 6], [run.Dword(0x200), run.Dword(0x204)]);
    }

    internal static byte[] Descriptor(int entry, uint @base, uint limit, uint flags)
    {
        byte[] bytes = new byte[16];
        new UserDescriptor(entry, @base, limit, flags).Write(bytes);
        return bytes;
    }
}
