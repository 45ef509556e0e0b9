using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// The local APIC's timer as the kernel's clock event device: it interrupts once, at a time or as near to it as its count reaches, and then not before it
/// is set anew.
/// </summary>
internal readonly struct LocalTimer(LinuxMachine machine)
{
    /// <summary>DCR where the timer counts down: divide by 16.</summary>
    public const uint DivideConfiguration = 0b0011;

    private const int Divisor = 16;

    /// <summary>The longest count that the kernel uses; what is further away takes several.</summary>
    private const uint LongestCount = 0x7FFF_FFFF;

    /// <summary>Sets it, and so takes back what it was set to before. A time that has passed interrupts at once.</summary>
    /// <param name="nanoseconds">Since boot.</param>
    public void Set(long nanoseconds)
    {
        var time = new EmulatedTime(machine);
        if (machine.Features.Contains(KernelFeature.TscDeadline))
            machine.Processor.Registers.WriteMsr(Msr.TscDeadline, Deadline(time.CounterAt(nanoseconds)));
        else
            machine.Processor.LocalApic.Write(ApicRegister.InitialCount, Count(time.ClockAt(nanoseconds)));
    }

    /// <summary>A deadline of 0 would disarm the timer.</summary>
    private static ulong Deadline(Int128 counter) => (ulong)Int128.Clamp(counter, 1, ulong.MaxValue);

    /// <summary>Ticks of the divided clock from now until a clock in 1/256 cycles, rounded up, so that no interrupt finds itself too early; 0 would disarm the timer.</summary>
    private uint Count(long clock)
    {
        CpuModel model = machine.Processor.Model;
        Int128 unitsPerTick = (Int128)new EmulatedTime(machine).ClockOf(EmulatedTime.NanosecondsPerSecond) * Divisor;
        Int128 ticks = ((Int128)(clock - machine.Processor.Clock) * model.ApicTimerHertz + unitsPerTick - 1) / unitsPerTick;
        return (uint)Int128.Clamp(ticks, 1, LongestCount);
    }
}
