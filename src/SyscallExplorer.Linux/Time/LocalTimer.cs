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
        // The interval timer goes on by itself.
        if (!machine.Processor.Model.Has(CpuFeature.Apic))
            return;
        var time = new EmulatedTime(machine);
        if (machine.Features.Contains(KernelFeature.TscDeadline))
            machine.Processor.Registers.WriteMsr(Msr.TscDeadline, Deadline(time.CounterAt(nanoseconds) - time.Counter));
        else
            machine.Processor.LocalApic.Write(ApicRegister.InitialCount, Count(time.ClockAt(nanoseconds)));
    }

    /// <summary>What the time-stamp counter reads now, whatever was written to it, and the ticks that are left; 0 would disarm the timer.</summary>
    private ulong Deadline(Int128 ticks) =>
        (ulong)Int128.Clamp((Int128)machine.Processor.Registers.ReadMsr(Msr.Tsc) + Int128.Max(ticks, 0), 1, ulong.MaxValue);

    /// <summary>
    /// Ticks of the divided clock from now until a clock in 1/256 cycles, rounded up, so that no interrupt comes too early; 0 would disarm the timer.
    /// </summary>
    private uint Count(long clock)
    {
        CpuModel model = machine.Processor.Model;
        Int128 unitsPerTick = (Int128)new EmulatedTime(machine).ClockOf(EmulatedTime.NanosecondsPerSecond) * Divisor;
        Int128 ticks = ((Int128)(clock - machine.Processor.Clock) * model.ApicTimerHertz + unitsPerTick - 1) / unitsPerTick;
        return (uint)Int128.Clamp(ticks, 1, LongestCount);
    }
}
