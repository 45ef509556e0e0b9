using System.Text.Json.Serialization;

namespace SyscallExplorer;

/// <summary>What is measured on the reader's own machine: a way into the kernel, a way around it, or an instruction.</summary>
public enum NativeWay
{
    /// <summary>SYSCALL in a 64-bit program.</summary>
    Syscall,

    /// <summary>SYSCALL in a 64-bit program with the number of an x32 call.</summary>
    X32,

    /// <summary><c>int $0x80</c> in a 64-bit program.</summary>
    Int80From64Bit,

    /// <summary><c>int $0x80</c> in a 32-bit program.</summary>
    Int80,

    /// <summary><c>__kernel_vsyscall</c> in a 32-bit program, whatever instruction stands in it.</summary>
    KernelVsyscall,

    /// <summary>A function of the vDSO in a 64-bit program.</summary>
    Vdso,

    /// <summary>The old page at ffffffffff600000h in a 64-bit program.</summary>
    VsyscallPage,

    /// <summary>An instruction in a 64-bit program.</summary>
    Instruction,
}

/// <summary>What a native figure is good for.</summary>
public enum NativeStatus
{
    /// <summary>Measured, and in proportion to the others.</summary>
    Measured,

    /// <summary>Measured, and so far from the others that something else than the processor was measured: a hypervisor, a fall-back.</summary>
    Disproportionate,

    /// <summary>Measured, but the call did not answer what it answers on Linux; a filter may have answered in the kernel's place.</summary>
    Unexpected,

    /// <summary>Not to be had on this machine.</summary>
    NotAvailable,
}

/// <summary>The times of one figure. Ticks are those of the time-stamp counter, and what was measured; cycles are derived from them.</summary>
public sealed record NativeTiming
{
    /// <summary>Ticks of one call in the fastest batch, its share of the loop included.</summary>
    public required double MinTicks { get; init; }

    /// <summary>Ticks of one call in the median batch, its share of the loop included.</summary>
    public required double MedianTicks { get; init; }

    /// <summary>Ticks of the share that the loop has in one call: the fastest batch of the same loop, with the call's arguments and without the call.</summary>
    public required double ControlTicks { get; init; }

    /// <summary>Ticks of the time-stamp counter to one cycle of the core, by a chain of additions in the same process and the same time: its fastest batch, as the fastest batch is what it is held against.</summary>
    public required double TicksPerCycle { get; init; }

    /// <summary>Batches written down.</summary>
    public required int Batches { get; init; }

    /// <summary>Calls in each batch.</summary>
    public required int CallsPerBatch { get; init; }

    /// <summary>Ticks of one call without the loop: <see cref="MinTicks"/> less <see cref="ControlTicks"/>.</summary>
    [JsonIgnore]
    public double NetTicks => MinTicks - ControlTicks;

    /// <summary>Cycles of the core for one call without the loop. Derived: <see cref="NetTicks"/> by <see cref="TicksPerCycle"/>.</summary>
    [JsonIgnore]
    public double NetCycles => NetTicks / TicksPerCycle;
}

/// <summary>A figure of the reader's own machine.</summary>
public sealed record NativeFigure
{
    /// <summary>Its name, such as <c>syscall getpid</c>.</summary>
    public required string Key { get; init; }

    /// <summary>What kind of thing it is about.</summary>
    public required NativeWay Way { get; init; }

    /// <summary>The kit's name of the way into the kernel, where it has one.</summary>
    public EntryPath? Path { get; init; }

    /// <summary>The call, or the instruction.</summary>
    public required string Call { get; init; }

    /// <summary>What it is good for.</summary>
    public required NativeStatus Status { get; init; }

    /// <summary>A sentence on the status; null when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>The times; null when it is not available.</summary>
    public NativeTiming? Timing { get; init; }

    /// <summary>What the last call left in RAX; null when it is not available, or no call.</summary>
    public long? Result { get; init; }

    /// <summary>Whether it tells of the processor and the kernel, so that a model may be fitted to it.</summary>
    [JsonIgnore]
    public bool UsableForFit => Status == NativeStatus.Measured && Timing is not null;

    /// <summary>Ticks of one call in the fastest batch, with its share of the loop; null when it is not available.</summary>
    [JsonIgnore]
    public double? MinTicks => Timing?.MinTicks;

    /// <summary>Ticks of one call in the median batch, with its share of the loop; null when it is not available.</summary>
    [JsonIgnore]
    public double? MedianTicks => Timing?.MedianTicks;

    /// <summary>Ticks of one call without the loop; null when it is not available.</summary>
    [JsonIgnore]
    public double? NetTicks => Timing?.NetTicks;

    /// <summary>Cycles of the core for one call without the loop, derived from the ticks; null when it is not available.</summary>
    [JsonIgnore]
    public double? NetCycles => Timing?.NetCycles;
}
