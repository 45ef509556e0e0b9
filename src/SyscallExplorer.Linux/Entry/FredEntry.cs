using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// Entry and exit under FRED, from Linux 6.9 on. The processor has changed stack, GS and segments and has saved where the event came from, so that all events
/// share one entry for each ring, and what is left is to push the general registers. The way back is always ERETU, or ERETS in ring 0.
/// </summary>
internal static class FredEntry
{
    /// <summary>Where new programs and children leave for user mode, with pt_regs on top of the stack.</summary>
    public const string UserExit = "asm_fred_exit_user";

    public static EntryPathCode FromUser { get; } = new("asm_fred_entrypoint_user",
    [
        new("push registers", k => PushRegisters(k, PhaseKind.SaveRegisters)),
        new("call C", k => CallC(k, PhaseKind.Dispatch, FredDispatch.FromUser)),
        new("restore registers", k => RestoreRegisters(k, PhaseKind.RestoreRegisters, UserExit)),
        new("return by ERETU", ReturnToUser),
    ]);

    public static EntryPathCode FromKernel { get; } = new("asm_fred_entrypoint_kernel",
    [
        new("push registers", k => PushRegisters(k, PhaseKind.Interrupted)),
        new("call C", k => CallC(k, PhaseKind.Interrupted, FredDispatch.FromKernel)),
        new("restore registers", k => RestoreRegisters(k, PhaseKind.Interrupted, "asm_fred_exit_kernel")),
        new("return by ERETS", k => k.erets()),
    ]);

    /// <summary>The error code, which is always there, stands where a system call's number will.</summary>
    private static void PushRegisters(KernelAssembler k, PhaseKind phase)
    {
        k.Phase(phase);
        k.Endbr();
        RegisterFrame.PushAndClear(k, initialResult: null);
    }

    private static void CallC(KernelAssembler k, PhaseKind phase, string function)
    {
        k.Phase(phase);
        k.mov(rdi, rsp);
        k.CallFar(function);
    }

    private static void RestoreRegisters(KernelAssembler k, PhaseKind phase, string symbol)
    {
        k.Phase(phase);
        k.Global(symbol);
        RegisterFrame.PopAllButRdi(k, skipR11AndRcx: false);
        k.pop(rdi);
    }

    /// <summary>What ERETU refuses is an event of the program: it enters again, over the frame that was refused.</summary>
    private static void ReturnToUser(KernelAssembler k)
    {
        k.MayFault(FromUser.Symbol);
        k.eretu();
    }
}
