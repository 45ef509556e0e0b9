using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Random bytes that programs make themselves, by the vDSO of Linux 6.12.</summary>
public sealed class VdsoRandomTests
{
    private const ulong D = UserSpace.Data64;
    private const ulong State = D + 0x1000;
    private const long Limit = 3_000_000;
    private const int Mmap = 9, Fork = 57, Wait4 = 61, ExitGroup = 231;

    private static readonly Vdso s_image = Vdso.Of(Kernels.Linux_6_12, VdsoAbi.X64);

    [Fact]
    public void The_reference_gives_the_block_of_the_standard()
    {
        // RFC 8439, A.1, first vector: a key of zeroes and a counter of zero.
        Assert.Equal("76B8E0ADA0F13D90405D6AE55386BD28BDD219B8A08DED1AA836EFCC8B770DC7",
            Convert.ToHexString(ReferenceRandom.Block(new byte[32], 0))[..64]);
    }

    [Fact]
    public void Only_the_kernels_that_have_it_export_it()
    {
        VdsoSymbol symbol = s_image.Symbols.Single(symbol => symbol.Name == "__vdso_getrandom");
        Assert.Equal("LINUX_2.6", symbol.Version);
        Assert.DoesNotContain(Vdso.Of(Kernels.Linux_6_8, VdsoAbi.X64).Symbols, symbol => symbol.Name.Contains("getrandom", StringComparison.Ordinal));
    }

    [Fact]
    public void A_query_tells_how_large_a_state_is_and_how_to_map_it()
    {
        LinuxMachine machine = Run(a => Random(a, 0, 0, 0, D, ulong.MaxValue, D + 0x100));
        Assert.Equal(0, machine.ExitStatus);
        Assert.Equal(0, BitConverter.ToInt64(Bytes(machine, D + 0x100, 8)));
        byte[] told = Bytes(machine, D, 64);
        Assert.Equal([VdsoRandom.StateSize, 3, 0x28], Enumerable.Range(0, 3).Select(word => BitConverter.ToInt32(told, word * 4)));
        Assert.All(told[12..], value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10, 86, 1)]
    [InlineData(96, 96)]
    [InlineData(64, 200, 33, 128)]
    [InlineData(2000, 5)]
    public void Bytes_are_those_of_the_function_after_one_key_from_the_kernel(params int[] lengths)
    {
        int place = 0;
        LinuxMachine machine = Boot(a =>
        {
            foreach (int length in lengths)
            {
                Random(a, D + 0x2000 + (ulong)place, (ulong)length, 0, State, VdsoRandom.StateSize, D + 0x100);
                place += length;
            }
        });
        machine.TraceSystemCalls();
        Finish(machine);
        Assert.Equal(lengths[^1], BitConverter.ToInt64(Bytes(machine, D + 0x100, 8)));
        var reference = new ReferenceRandom(KeyAt(machine, 0));
        byte[] expected = [.. lengths.SelectMany(reference.Take)];
        Assert.Equal(expected, Bytes(machine, D + 0x2000, expected.Length));
        Assert.Equal(0, Bytes(machine, D + 0x2000 + (ulong)expected.Length, 1)[0]);
        Assert.Equal(0, Bytes(machine, State + (ulong)VdsoRandom.InUseAt, 1)[0]);
        Assert.Equal(1, CallsOf(machine, "getrandom("));
    }

    [Fact]
    public void A_new_generation_of_the_kernel_is_a_new_key()
    {
        LinuxMachine machine = Boot(a =>
        {
            Random(a, D + 0x2000, 10, 0, State, VdsoRandom.StateSize, D + 0x100);
            Guest.Call(a, 39);
            Random(a, D + 0x2010, 10, 0, State, VdsoRandom.StateSize, D + 0x100);
        });
        Guest.RunTo(machine, "__x64_sys_getpid");
        machine.Processor.Bus.Ram.WriteUInt64(VdsoSet.DataPhysical + (ulong)VvarLayout.Linux_6_12.Random!.Value, 2);
        Finish(machine);
        Assert.Equal(new ReferenceRandom(KeyAt(machine, 0)).Take(10), Bytes(machine, D + 0x2000, 10));
        Assert.Equal(new ReferenceRandom(KeyAt(machine, 32)).Take(10), Bytes(machine, D + 0x2010, 10));
    }

    [Theory]
    [InlineData(false, 0, 0ul)]
    [InlineData(true, 8, 0ul)]
    [InlineData(true, 0, 1ul)]
    public void Where_the_kernel_is_not_ready_the_flags_are_unknown_or_the_state_is_in_use_the_system_call_is_made(bool isReady, int flags, ulong inUse)
    {
        LinuxMachine machine = Boot(a => Random(a, D + 0x2000, 10, flags, State, VdsoRandom.StateSize, D + 0x100));
        if (!isReady)
            machine.Processor.Bus.Ram.WriteUInt64(VdsoSet.DataPhysical + (ulong)VvarLayout.Linux_6_12.Random!.Value + 8, 0);
        Assert.True(machine.Memory.TryWrite(State + (ulong)VdsoRandom.InUseAt, [(byte)inUse]));
        machine.TraceSystemCalls();
        Finish(machine);
        Assert.Equal(flags == 0 ? 10 : -22, BitConverter.ToInt64(Bytes(machine, D + 0x100, 8)));
        Assert.Equal(1, CallsOf(machine, "getrandom("));
        if (flags == 0)
            Assert.Equal(KeyAt(machine, 0)[..10], Bytes(machine, D + 0x2000, 10));
    }

    [Fact]
    public void A_state_of_another_size_or_over_the_end_of_a_page_is_refused()
    {
        LinuxMachine machine = Run(a =>
        {
            Random(a, D + 0x2000, 10, 0, State, VdsoRandom.StateSize - 1, D + 0x100);
            Random(a, D + 0x2000, 10, 0, State + 0x1000 - VdsoRandom.StateSize + 1, VdsoRandom.StateSize, D + 0x108);
            Random(a, D + 0x2000, 0, 0, State, VdsoRandom.StateSize, D + 0x110);
        });
        Assert.Equal([-22L, -14, 0], Enumerable.Range(0, 3).Select(call => BitConverter.ToInt64(Bytes(machine, D + 0x100 + (ulong)call * 8, 8))));
    }

    [Fact]
    public void A_child_of_fork_finds_the_droppable_state_wiped_and_gets_bytes_of_its_own()
    {
        const ulong results = D + 0x3000;
        LinuxMachine machine = Run(a =>
        {
            Label child = a.CreateLabel(), both = a.CreateLabel();
            Guest.Call(a, Mmap, 0, 4096, VdsoRandom.MapProtection, VdsoRandom.MapFlags, ulong.MaxValue, 0);
            a.mov(rbx, rax);
            Take(D + 0x2000);
            Guest.Call(a, Mmap, results, 4096, 3, 0x31, ulong.MaxValue, 0);
            Guest.Call(a, Fork);
            a.mov(r12, rax);
            a.test(eax, eax);
            a.je(child);
            Guest.Call(a, Wait4, ulong.MaxValue, 0, 0, 0);
            Take(results);
            a.jmp(both);
            a.Label(ref child);
            Take(results + 0x100);
            a.Label(ref both);
            a.nop();

            void Take(ulong place)
            {
                a.mov(rdi, place);
                a.mov(esi, 16);
                a.xor(edx, edx);
                a.mov(rcx, rbx);
                a.mov(r8d, VdsoRandom.StateSize);
                a.mov(rax, UserSpace.Vdso64 + s_image.OffsetOf("__vdso_getrandom"));
                a.call(rax);
            }
        });
        var parent = new ReferenceRandom(KeyAt(machine, 0));
        parent.Take(16);
        Assert.Equal(parent.Take(16), Bytes(machine, results, 16));
        Assert.Equal(new ReferenceRandom(KeyAt(machine, 32)).Take(16), Bytes(machine, results + 0x100, 16));
    }

    [Fact]
    public void Older_kernels_map_nothing_droppable()
    {
        CallScript script = new CallScript(64).Call(Mmap, 0, 4096, 3, VdsoRandom.MapFlags, -1, 0);
        Assert.Equal(-22, script.Run()[0]);
    }

    private static void Random(Assembler a, ulong buffer, ulong length, int flags, ulong state, ulong size, ulong result)
    {
        a.mov(rdi, buffer);
        a.mov(rsi, length);
        a.mov(edx, flags);
        a.mov(rcx, state);
        a.mov(r8, size);
        a.mov(rax, UserSpace.Vdso64 + s_image.OffsetOf("__vdso_getrandom"));
        a.call(rax);
        a.mov(__qword_ptr[result], rax);
    }

    private static LinuxMachine Boot(Action<Assembler> program) => Guest.Load(a =>
    {
        program(a);
        a.xor(edi, edi);
        a.mov(eax, ExitGroup);
        a.syscall();
    }, kernel: Kernels.Linux_6_12);

    private static LinuxMachine Run(Action<Assembler> program)
    {
        LinuxMachine machine = Boot(program);
        Finish(machine);
        return machine;
    }

    private static void Finish(LinuxMachine machine)
    {
        RunResult result = machine.Run(RunLimits.Instructions(Limit));
        Assert.True(machine.ExitStatus == 0, result.Message);
    }

    private static byte[] Bytes(LinuxMachine machine, ulong address, int count)
    {
        byte[] bytes = new byte[count];
        Assert.True(machine.Memory.TryRead(address, bytes));
        return bytes;
    }

    private static byte[] KeyAt(LinuxMachine machine, long position)
    {
        byte[] key = new byte[VdsoRandom.KeySize];
        SeededBytes.Fill(machine.Seed, SeededBytes.GetRandom, position, key);
        return key;
    }

    private static int CallsOf(LinuxMachine machine, string name) =>
        machine.SystemCalls!.ToString().Split('\n').Count(line => line.Contains(name, StringComparison.Ordinal));
}
