using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The handlers' code of a 32-bit kernel: for each a function with its arguments on the stack, or from Linux 5.7 on with the registers in EAX, and behind it
/// the body, which takes its first three arguments in EAX, EDX and ECX.
/// </summary>
internal static class I386Handlers
{
    private static readonly AssemblerRegister32[] s_arguments = [eax, edx, ecx];
    private static readonly int[] s_slots = [I386Registers.Bx, I386Registers.Cx, I386Registers.Dx];

    private static readonly Dictionary<string, Action<KernelAssembler>> s_bodies = new()
    {
        ["getpid"] = IdentityHandlers.GetPid,
        ["getppid"] = IdentityHandlers.GetPpid,
        ["gettid"] = IdentityHandlers.GetTid,
        ["getuid"] = IdentityHandlers.GetUid,
        ["getgid"] = IdentityHandlers.GetGid,
        ["geteuid"] = IdentityHandlers.GetEuid,
        ["getegid"] = IdentityHandlers.GetEgid,
        ["getuid16"] = IdentityHandlers.GetUid16,
        ["getgid16"] = IdentityHandlers.GetGid16,
        ["geteuid16"] = IdentityHandlers.GetEuid16,
        ["getegid16"] = IdentityHandlers.GetEgid16,
        ["time32"] = I386Clock.Time,
        ["gettimeofday32"] = I386Clock.GetTimeOfDay,
        ["clock_gettime"] = k => I386Clock.GetClock(k, "clock_gettime", wide: true),
        ["clock_gettime32"] = k => I386Clock.GetClock(k, "clock_gettime32", wide: false),
        ["read"] = ReadWriteCalls.Read,
        ["write"] = ReadWriteCalls.Write,
        ["fork"] = k => SaveAndAsk(k, "hosted_fork"),
        ["vfork"] = k => SaveAndAsk(k, "hosted_vfork"),
        ["clone"] = k => SaveAndAsk(k, "hosted_clone"),
        ["clone3"] = k => SaveAndAsk(k, "hosted_clone3"),
        ["execve"] = k => Execute(k, "hosted_execve"),
        ["execveat"] = k => Execute(k, "hosted_execveat"),
        ["rt_sigreturn"] = k => Return(k, "hosted_rt_sigreturn"),
        ["sigreturn"] = k => Return(k, "hosted_sigreturn"),
    };

    public static void Emit(KernelAssembler k)
    {
        foreach (SyscallHandler handler in HandlerTable.Linux_5_13.Where(handler => handler.Entry32 is not null))
        {
            string symbol = k.Traits.FunctionOf(handler, SyscallAbi.Ia32);
            if (handler.IsHosted)
            {
                k.Tabled();
                k.Global(symbol);
                HypercallStub.Waiting(k, HandlerTable.HypercallOf(handler) | HypercallNumbers.Compat);
                k.ret();
                continue;
            }

            k.Composed();
            k.Phase(PhaseKind.Handler);
            k.Global(symbol);
            LoadArguments(k, Math.Min(handler.Arguments, s_arguments.Length));
            k.Global(handler.BodySymbol);
            s_bodies[handler.Name](k);
        }

        k.Tabled();
        k.Global(HandlerCode.NotImplemented32);
        HypercallStub.Inline(k, HypercallNumbers.NotImplemented | HypercallNumbers.Compat);
        k.ret();

        k.Composed();
        k.Phase(PhaseKind.Handler);
        k.Global(HandlerCode.NiSyscall);
        k.mov(eax, -Errno.ENOSYS);
        k.ret();
    }

    /// <summary>EAX comes last, since the registers' address is in it.</summary>
    private static void LoadArguments(KernelAssembler k, int count)
    {
        for (int i = count - 1; i >= 0; i--)
            k.mov(s_arguments[i], k.Traits.HandlersTakeRegisters ? __dword_ptr[eax + s_slots[i]] : __dword_ptr[esp + 4 + i * 4]);
    }

    /// <summary>The FPU's registers are put where a child finds them. Before Linux 5.2 that is a copy, and the parent's go on being its own.</summary>
    private static void SaveAndAsk(KernelAssembler k, string name)
    {
        k.call(k.To("save_fpregs_to_fpstate"));
        if (!k.Traits.LoadsFpuLate)
        {
            k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
            k.and(__dword_ptr[ecx + TaskLayout.ThreadFlags], ~ThreadFlags.NeedFpuLoad);
        }

        HypercallStub.Waiting(k, HandlerTable.HypercallOf(name));
        k.ret();
    }

    /// <summary>EDX is the CR3 of the new address space, or 0 when the old one stays.</summary>
    private static void Execute(KernelAssembler k, string name)
    {
        string done = k.Unique("executed");
        HypercallStub.Waiting(k, HandlerTable.HypercallOf(name), () => k.xor(edx, edx));
        k.test(eax, eax);
        k.jne(k.To(done));
        k.test(edx, edx);
        k.je(k.To(done));
        k.mov(cr3, edx);

        // A tracer hears of the new program when its address space is there.
        HypercallStub.Waiting(k, HypercallNumbers.TraceExecution);
        WantIret(k);
        k.Local(done);
        k.ret();
    }

    /// <summary>The result is what the registers have in EAX now, whatever it is.</summary>
    private static void Return(KernelAssembler k, string name)
    {
        HypercallStub.Waiting(k, HandlerTable.HypercallOf(name));
        WantIret(k);
        k.mov(eax, k.PerCpuFs(PerCpuOffsets.TopOfStack));
        k.mov(eax, __dword_ptr[eax + (I386Registers.Ax - I386Registers.Size)]);
        k.ret();
    }

    /// <summary>Before Linux 4.4 a flag says that SYSEXIT will not do; later the registers themselves do.</summary>
    private static void WantIret(KernelAssembler k)
    {
        if (!k.Traits.HasIretFlag)
            return;
        k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.or(__dword_ptr[ecx + TaskLayout.ThreadFlags], I386SystemCall26.Iret);
    }
}
