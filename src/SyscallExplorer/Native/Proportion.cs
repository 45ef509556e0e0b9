using System.Globalization;

namespace SyscallExplorer;

/// <summary>
/// Finds figures that are out of proportion. On a virtual machine an interrupt, a fault or an instruction may lead into the hypervisor, and then the figure is the
/// hypervisor's; a vDSO without a clock that it can read calls the kernel.
/// </summary>
internal static class Proportion
{
    /// <summary>A way into the kernel that costs more than so many times SYSCALL's same call is flagged. Published ratios on real machines are below 6.</summary>
    public const double MostTimesSyscall = 8;

    /// <summary>A function of the vDSO that costs more than this share of the same call by SYSCALL has most likely made it.</summary>
    public const double MostOfSyscall = 0.8;

    /// <summary>Ticks of CPUID under a hypervisor, which has to intercept it on Intel and mostly does on AMD.</summary>
    public const double MostCpuidTicks = 1000;

    /// <summary>Ticks of any other single instruction under a hypervisor.</summary>
    public const double MostInstructionTicks = 500;

    /// <summary>The same figures with those marked that are out of proportion.</summary>
    public static IReadOnlyList<NativeFigure> Judge(IReadOnlyList<NativeFigure> rows, string? hypervisor) =>
    [
        .. rows.Select(row => row is { Status: NativeStatus.Measured, NetTicks: { } ticks } && Sentence(row, ticks, rows, hypervisor) is { } sentence
            ? row with { Status = NativeStatus.Disproportionate, Reason = sentence } : row),
    ];

    private static string? Sentence(NativeFigure row, double ticks, IReadOnlyList<NativeFigure> rows, string? hypervisor) => row.Way switch
    {
        NativeWay.Instruction => Instruction(row, ticks, hypervisor),
        NativeWay.Syscall => null,
        _ => rows.FirstOrDefault(other => other.Way == NativeWay.Syscall && other.Call == row.Call && other.NetTicks > 0) is { } syscall
            ? Compared(row, ticks, syscall, syscall.NetTicks!.Value, hypervisor) : null,
    };

    private static string? Compared(NativeFigure row, double ticks, NativeFigure syscall, double syscallTicks, string? hypervisor)
    {
        double ratio = ticks / syscallTicks;
        if (row.Way == NativeWay.Vdso)
        {
            return ratio > MostOfSyscall
                ? $"{row.Key} costs {Percent(ratio)} of {syscall.Key}, more than {Percent(MostOfSyscall)}: the vDSO cannot read the kernel's clock source and makes the call, or reading the clock is intercepted."
                : null;
        }

        return ratio > MostTimesSyscall
            ? $"{row.Key} costs {Number(ratio)} times as much as {syscall.Key}, more than {Number(MostTimesSyscall)} times: {Culprit(hypervisor)}"
            : null;
    }

    private static string? Instruction(NativeFigure row, double ticks, string? hypervisor)
    {
        double most = row.Call == "cpuid" ? MostCpuidTicks : MostInstructionTicks;
        return hypervisor is not null && ticks > most ? $"{row.Key} costs {Number(ticks)} ticks, more than {Number(most)}: {Culprit(hypervisor)}" : null;
    }

    private static string Culprit(string? hypervisor) => hypervisor is null
        ? "no hypervisor shows itself, but something, such as a hidden one or a tracer, takes part."
        : $"{HypervisorNames.Of(hypervisor)} most likely takes part, and the figure tells of it and not of the processor.";

    private static string Number(double value) => value.ToString("#,0.#", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (share * 100).ToString("0", CultureInfo.InvariantCulture) + "%";
}
