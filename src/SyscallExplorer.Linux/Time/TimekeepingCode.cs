using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>update_wall_time</c>: moves the timekeeper to now, so that the counter's line is never extended far, and tells the vDSO. The time does
/// not jump: what is left of a nanosecond stays in the shifted sum.
/// </summary>
internal static class TimekeepingCode
{
    public const string Symbol = "update_wall_time";

    private const int NanosecondsPerSecond = 1_000_000_000;

    public static void Emit(KernelAssembler k, VvarLayout layout)
    {
        k.Composed();
        k.Phase(PhaseKind.Interrupted);
        k.Global(Symbol);
        k.mov(r11, KernelLayout.Timekeeper);
        PosixClocks.ReadInOrder(k);
        k.mov(r8, rax);
        k.sub(rax, __qword_ptr[r11 + TimekeeperLayout.CycleLast]);
        k.jbe(k.To(Symbol + ".out"));
        k.mov(ecx, __dword_ptr[r11 + TimekeeperLayout.Mult]);
        k.mul(rcx);
        k.add(rax, __qword_ptr[r11 + TimekeeperLayout.ShiftedNanoseconds]);
        k.adc(rdx, 0);
        k.mov(ecx, __dword_ptr[r11 + TimekeeperLayout.Shift]);
        k.mov(r9d, NanosecondsPerSecond);
        k.shl(r9, cl);
        k.div(r9);
        k.inc(__dword_ptr[r11 + TimekeeperLayout.Sequence]);
        k.mov(__qword_ptr[r11 + TimekeeperLayout.CycleLast], r8);
        k.mov(__qword_ptr[r11 + TimekeeperLayout.ShiftedNanoseconds], rdx);
        k.add(__qword_ptr[r11 + TimekeeperLayout.Seconds], rax);
        k.inc(__dword_ptr[r11 + TimekeeperLayout.Sequence]);
        k.jmp(k.To(VvarPage.Symbol));
        k.Local(Symbol + ".out");
        k.ret();
        VvarPage.Emit(k, layout);
    }
}
