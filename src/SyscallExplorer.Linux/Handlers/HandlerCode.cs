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

    public const string NotImplemented64 = "__x64_sys_not_implemented";
    public const string NotImplemented32 = "__ia32_sys_not_implemented";
    public const string NiSyscall = "sys_ni_syscall";

    public static void Emit(KernelAssembler k)
    {
        HashSet<SyscallHandler> x32 = [.. HandlersOfX32(k.Traits)];
        foreach (SyscallHandler handler in HandlerTable.Linux_5_13)
        {
            if (handler.Entry64 is not null)
                EmitStub(k, handler, SyscallAbi.Wide);
            if (handler.Entry32 is not null)
                EmitStub(k, handler, SyscallAbi.Ia32);
            if (x32.Contains(handler))
                EmitStub(k, handler, SyscallAbi.X32);
            if (handler.Body is { } body)
            {
                k.Composed();
                k.Phase(PhaseKind.Handler);
                if (IsItsOwnBody(k.Traits, handler, SyscallAbi.Wide) && handler.Entry64 is not null)
                    k.Global(k.Traits.FunctionOf(handler, SyscallAbi.Wide));
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

    /// <summary>The upper halves of a 32-bit caller's arguments do not count.</summary>
    private static void Narrow(KernelAssembler k, int arguments)
    {
        for (int i = 0; i < arguments; i++)
            k.mov(Arguments32[i], Arguments32[i]);
    }

    /// <summary>The six arguments of a 32-bit call from <c>pt_regs</c> into the registers of a function.</summary>
    public static void LoadArguments32(KernelAssembler k, AssemblerRegister64 registers)
    {
        for (int i = Arguments32.Length - 1; i >= 0; i--)
            k.mov(Arguments32[i], __dword_ptr[registers + ArgumentSlots.Of(compat: true)[i]]);
    }

    /// <summary>The symbol that a number leads to: a handler of the kit, the kernel's own stub for a hole, or the stub that counts what the kit does not have.</summary>
    public static string TargetOf(KernelTraits traits, int number, SyscallAbi abi)
    {
        if (traits.Tables.Find(number, abi) is not { } entry
            || KernelGeneration.FunctionOf(entry, abi == SyscallAbi.Ia32 && !traits.Architecture.IsNative32) is NiSyscall or "")
        {
            return NiSyscall;
        }

        SyscallAbi own = abi == SyscallAbi.X32 && entry.Abi != "x32" ? SyscallAbi.Wide : abi;
        return SyscallTables.HandlerOf(entry, own) is { } handler ? traits.SymbolOf(handler, own)
            : abi == SyscallAbi.Ia32 ? NotImplemented32 : NotImplemented64;
    }

    /// <summary>Handlers that x32 programs reach by numbers of their own.</summary>
    private static IEnumerable<SyscallHandler> HandlersOfX32(KernelTraits traits) =>
        traits.X32NrSyscalls == 0 ? []
            : traits.Tables.Table64.Entries.Where(entry => entry.Abi == "x32")
                .Select(entry => SyscallTables.HandlerOf(entry, SyscallAbi.X32)).OfType<SyscallHandler>();

    /// <summary>Whether a table leads straight to a body: before Linux 4.17 handlers are plain functions.</summary>
    private static bool IsItsOwnBody(KernelTraits traits, SyscallHandler handler, SyscallAbi abi) =>
        abi == SyscallAbi.Wide && !handler.IsHosted && !handler.AsksHost && !traits.HandlersTakeRegisters;

    private static void EmitStub(KernelAssembler k, SyscallHandler handler, SyscallAbi abi)
    {
        if (IsItsOwnBody(k.Traits, handler, abi))
            return;
        string symbol = k.Traits.FunctionOf(handler, abi);
        if (handler.IsHosted)
        {
            k.Tabled();
            int caller = abi switch
            {
                SyscallAbi.Wide => 0,
                SyscallAbi.Ia32 => HypercallNumbers.Compat,
                _ => HypercallNumbers.X32,
            };
            HypercallStub.Function(k, symbol, HandlerTable.HypercallOf(handler) | caller);
            return;
        }

        k.Composed();
        k.Phase(PhaseKind.Handler);
        k.Global(symbol);
        if (!k.Traits.HandlersTakeRegisters)
        {
            if (abi == SyscallAbi.Ia32)
                Narrow(k, handler.Arguments);
            if (!handler.AsksHost)
            {
                k.jmp(k.To(handler.BodySymbol));
                return;
            }

            HypercallStub.KeepArguments(k, () => k.call(k.To(handler.BodySymbol)));
            k.ret();
            return;
        }

        // RDI holds the registers until the last argument, the first, is taken.
        for (int i = handler.Arguments - 1; i >= 0; i--)
        {
            if (abi == SyscallAbi.Ia32)
                k.mov(Arguments32[i], __dword_ptr[rdi + ArgumentSlots.Of(compat: true)[i]]);
            else
                k.mov(Arguments64[i], __qword_ptr[rdi + ArgumentSlots.Of(compat: false)[i]]);
        }

        k.jmp(k.To(handler.BodySymbol));
    }
}
