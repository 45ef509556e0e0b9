using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The handlers' code: for each table a stub that takes the arguments from <c>pt_regs</c>, then the body. From Linux 4.17 on a handler has
/// one argument, the registers.
/// </summary>
internal static class HandlerCode
{
    private static readonly AssemblerRegister64[] Arguments64 = [rdi, rsi, rdx, rcx, r8, r9];
    private static readonly AssemblerRegister32[] Arguments32 = [edi, esi, edx, ecx, r8d, r9d];
    private static readonly int[] Slots64 =
        [PtRegsOffsets.Di, PtRegsOffsets.Si, PtRegsOffsets.Dx, PtRegsOffsets.R10, PtRegsOffsets.R8, PtRegsOffsets.R9];

    private static readonly int[] Slots32 =
        [PtRegsOffsets.Bx, PtRegsOffsets.Cx, PtRegsOffsets.Dx, PtRegsOffsets.Si, PtRegsOffsets.Di, PtRegsOffsets.Bp];

    public const string NotImplemented64 = "__x64_sys_not_implemented";
    public const string NotImplemented32 = "__ia32_sys_not_implemented";
    public const string NiSyscall = "sys_ni_syscall";

    public static void Emit(KernelAssembler k)
    {
        foreach (SyscallHandler handler in HandlerTable.Linux_5_13)
        {
            if (handler.Entry64 is not null)
                EmitStub(k, handler, compat: false);
            if (handler.Entry32 is not null)
                EmitStub(k, handler, compat: true);
            if (handler.Body is { } body)
            {
                k.Composed();
                k.Phase(PhaseKind.Handler);
                k.Global(handler.BodySymbol);
                body(k);
            }
        }

        k.Tabled();
        HypercallStub.Function(k, NotImplemented64, HypercallNumbers.NotImplemented);
        HypercallStub.Function(k, NotImplemented32, HypercallNumbers.NotImplemented | HypercallNumbers.Compat);

        k.Composed();
        k.Phase(PhaseKind.Handler);
        k.Global(NiSyscall);
        k.mov(rax, -Errno.ENOSYS);
        k.ret();
    }

    private static void EmitStub(KernelAssembler k, SyscallHandler handler, bool compat)
    {
        string symbol = compat ? handler.Symbol32 : handler.Symbol64;
        if (handler.IsHosted)
        {
            k.Tabled();
            HypercallStub.Function(k, symbol, HandlerTable.HypercallOf(handler) | (compat ? HypercallNumbers.Compat : 0));
            return;
        }

        k.Composed();
        k.Phase(PhaseKind.Handler);
        k.Global(symbol);

        // RDI holds the registers until the last argument, the first, is taken.
        for (int i = handler.Arguments - 1; i >= 0; i--)
        {
            if (compat)
                k.mov(Arguments32[i], __dword_ptr[rdi + Slots32[i]]);
            else
                k.mov(Arguments64[i], __qword_ptr[rdi + Slots64[i]]);
        }

        k.jmp(k.To(handler.BodySymbol));
    }
}
