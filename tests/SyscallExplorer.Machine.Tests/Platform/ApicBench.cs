using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>A bench whose guest reaches its local APIC, at an address outside the memory that is mapped one to one.</summary>
internal sealed class ApicBench
{
    public const ulong Physical = 0xFEE0_0000;
    public const ulong Linear = 0xFFFF_C000_0000_0000;
    public const byte Vector = 0x50;
    private const ulong CacheDisable = 1 << 4;

    public ApicBench(CpuModel? model = null, bool enabled = true)
    {
        Bench = new MachineBench(model);
        Bench.Pages.Map(Linear, Physical, PageTables.Present | PageTables.Writable | CacheDisable);
        if (enabled)
            Write(ApicRegister.SpuriousVector, ApicBits.SoftwareEnable | 0xFF);
    }

    public MachineBench Bench { get; }

    public Processor Cpu => Bench.Cpu;

    public LocalApic Apic => Bench.Cpu.LocalApic;

    /// <summary>A store of the guest.</summary>
    public void Write(ApicRegister register, uint value) => Bench.Run64(a => Store(a, register, value));

    /// <summary>A load of the guest.</summary>
    public uint Read(ApicRegister register)
    {
        Bench.Run64(a =>
        {
            a.mov(rbx, Linear);
            a.mov(eax, __dword_ptr[rbx + (int)register]);
        });
        return (uint)Bench[Gpr.Rax];
    }

    /// <summary>WRMSR of the guest.</summary>
    public Vector? WriteMsr(uint address, ulong value) => Bench.Try(BenchMode.Kernel64, a => WriteMsr(a, address, value)).Exception?.Vector;

    /// <summary>RDMSR of the guest; null when it faulted.</summary>
    public ulong? ReadMsr(uint address)
    {
        Bench[Gpr.Rcx] = address;
        return Bench.Try(BenchMode.Kernel64, a => a.rdmsr()).Exception is null ? Bench[Gpr.Rdx] << 32 | (uint)Bench[Gpr.Rax] : null;
    }

    /// <summary>Goes over to x2APIC mode.</summary>
    public void EnterX2Apic() => WriteMsr(Msr.ApicBase, Cpu.Registers.ReadMsr(Msr.ApicBase) | ApicBits.ExtendedMode);

    /// <summary>Runs code in ring 0 with interrupts enabled to its first interrupt, or to its end.</summary>
    public TakenException? Interrupted(Action<Assembler> code)
    {
        Bench.Flags = Rflags.IF;
        TakenException? taken = Bench.Try(BenchMode.Kernel64, a =>
        {
            code(a);

            // The bench's own HLT would wait for what is to come.
            a.cli();
        }).Exception;
        Bench.Flags = 0;
        return taken;
    }

    /// <summary>What is requested or in service, as the guest reads it.</summary>
    public IEnumerable<int> Vectors(ApicRegister first) =>
        Enumerable.Range(0, 256).Where(vector => (Apic.Read(first + vector / 32 * 16) >> vector % 32 & 1) != 0).ToList();

    public static void Store(Assembler a, ApicRegister register, uint value)
    {
        a.mov(rbx, Linear);
        a.mov(__dword_ptr[rbx + (int)register], (int)value);
    }

    public static void WriteMsr(Assembler a, uint address, ulong value)
    {
        a.mov(ecx, address);
        a.mov(eax, (uint)value);
        a.mov(edx, (uint)(value >> 32));
        a.wrmsr();
    }
}
