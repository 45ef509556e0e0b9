using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The C of 32-bit system calls from Linux 4.4 on: entry work, bounds, call through the table, exit work. EAX is the registers. Until Linux 5.6 a handler has its
/// six arguments on the stack, later the registers in EAX.
/// </summary>
internal static class I386Dispatch
{
    private static readonly int[] s_arguments = [I386Registers.Bp, I386Registers.Di, I386Registers.Si, I386Registers.Dx, I386Registers.Cx, I386Registers.Bx];

    /// <summary>Called at the end of a system call.</summary>
    public static string SyscallExitSymbol(KernelAssembler k) => ExitToUser.SyscallExitSymbol(k);

    public static void Emit(KernelAssembler k, bool int80KeepsInterrupts)
    {
        k.Composed();
        EmitInt80(k, int80KeepsInterrupts);
        EmitFast(k);
        EmitThunks(k);
        EmitSyscallExit(k);
    }

    private static void EmitInt80(KernelAssembler k, bool keepsInterrupts)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("do_int80_syscall_32");
        Open(k);
        if (!keepsInterrupts)
            k.sti();
        ServeCall(k, "do_int80_syscall_32");
        Close(k);
        LetTracersLook(k, "do_int80_syscall_32");
    }

    private static void Open(KernelAssembler k)
    {
        k.push(ebp);
        k.push(ebx);
        k.mov(ebp, eax);
    }

    private static void Close(KernelAssembler k)
    {
        k.pop(ebx);
        k.pop(ebp);
        k.ret();
    }

    /// <summary>SYSENTER: EAX becomes whether SYSEXIT would restore what IRET would.</summary>
    private static void EmitFast(KernelAssembler k)
    {
        const string name = "do_fast_syscall_32", failed = "do_fast_syscall_32.efault", slow = "do_fast_syscall_32.iret", done = "do_fast_syscall_32.out";
        k.Phase(PhaseKind.EntryWork);
        if (k.Traits.SysenterMendedInC)
        {
            k.Global("do_SYSENTER_32");
            k.mov(ecx, __dword_ptr[eax + I386Registers.Bp]);
            k.mov(__dword_ptr[eax + I386Registers.Sp], ecx);
            k.or(__dword_ptr[eax + I386Registers.Flags], (int)Rflags.IF);
        }

        k.Global(name);
        Open(k);
        LandingPad(k);
        k.mov(__dword_ptr[ebp + I386Registers.Ip], ecx);
        k.sti();

        // The sixth argument lies on the program's stack, which may not be readable.
        k.mov(ecx, __dword_ptr[ebp + I386Registers.Sp]);
        k.cmp(ecx, (uint)(I386Layout.PageOffset - 3));
        k.jae(k.To(failed));
        UserAccess.Open(k);
        k.MayFault(failed);
        k.mov(ecx, __dword_ptr[ecx]);
        UserAccess.Close(k);
        k.mov(__dword_ptr[ebp + I386Registers.Bp], ecx);
        ServeCall(k, name);

        k.Phase(PhaseKind.RestoreRegisters);
        LandingPad(k);
        k.cmp(__word_ptr[ebp + I386Registers.Cs], I386Selectors.UserCs);
        k.jne(k.To(slow));
        k.cmp(__word_ptr[ebp + I386Registers.Ss], I386Selectors.UserDs);
        k.jne(k.To(slow));
        k.cmp(__dword_ptr[ebp + I386Registers.Ip], ecx);
        k.jne(k.To(slow));
        k.test(__dword_ptr[ebp + I386Registers.Flags], (int)(Rflags.RF | Rflags.TF | Rflags.VM));
        k.jne(k.To(slow));
        k.mov(eax, 1);
        k.jmp(k.To(done));
        k.Local(slow);
        k.xor(eax, eax);
        k.Local(done);
        Close(k);
        LetTracersLook(k, name);

        k.Local(failed);
        UserAccess.Close(k);
        k.mov(__dword_ptr[ebp + I386Registers.Ax], -Errno.EFAULT);
        k.cli();
        k.mov(eax, ebp);
        k.call(k.To(ExitToUser.PrepareSymbol(k)));
        k.jmp(k.To(slow));
    }

    /// <summary>ECX becomes the address behind the stub's entry.</summary>
    private static void LandingPad(KernelAssembler k)
    {
        k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.mov(ecx, __dword_ptr[ecx + TaskLayout.Mm]);
        k.mov(ecx, __dword_ptr[ecx + TaskLayout.MmLandingPad]);
    }

    /// <summary>EBP is the registers; EBX becomes the number.</summary>
    private static void ServeCall(KernelAssembler k, string name)
    {
        int size = k.Traits.Ia32NrSyscalls;
        k.mov(ebx, __dword_ptr[ebp + I386Registers.OrigAx]);
        k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.test(__dword_ptr[ecx + TaskLayout.ThreadFlags], k.Traits.HasEntryStack ? TracerFlags.OnEntry : TracerFlags.OnEntry44);
        k.jne(k.To(name + ".trace"));
        k.Local(name + ".dispatch");
        k.Phase(PhaseKind.Dispatch);
        k.Observable(KernelPoint.CallEnters);
        k.cmp(ebx, size);
        k.jae(k.To(name + ".called"));
        if (k.Traits.GuardsSpeculation)
        {
            k.Mitigation("index mask", () =>
            {
                k.cmp(ebx, size);
                k.sbb(eax, eax);
                k.and(ebx, eax);
            });
        }

        if (k.Traits.HandlersTakeRegisters)
            k.mov(eax, ebp);
        else
            PushArguments(k);
        CallIndirect(k);
        if (!k.Traits.HandlersTakeRegisters)
            k.add(esp, s_arguments.Length * 4);
        k.mov(__dword_ptr[ebp + I386Registers.Ax], eax);
        k.Local(name + ".called");
        k.Phase(PhaseKind.ExitWork);
        k.mov(eax, ebp);
        k.call(k.To(SyscallExitSymbol(k)));
    }

    private static void PushArguments(KernelAssembler k)
    {
        foreach (int slot in s_arguments)
            k.push(__dword_ptr[ebp + slot]);
    }

    private static void CallIndirect(KernelAssembler k)
    {
        if (!FeatureHistory.Has(k.Traits.Version, KernelFeature.Retpoline))
        {
            k.call(__dword_ptr[ebx * 4 + (long)I386Layout.SysCallTable]);
            return;
        }

        k.mov(ecx, __dword_ptr[ebx * 4 + (long)I386Layout.SysCallTable]);
        k.call(k.To(ThunkOf(ecx)));
    }

    /// <summary>The thunk for calls by a register: ECX or ESI.</summary>
    public static string ThunkOf(Iced.Intel.AssemblerRegister32 register) => register == ecx ? "__x86_indirect_thunk_ecx" : "__x86_indirect_thunk_esi";

    private static void EmitThunks(KernelAssembler k)
    {
        if (!FeatureHistory.Has(k.Traits.Version, KernelFeature.Retpoline))
            return;
        k.PhaseOfCaller();
        EmitThunk(k, ecx);
        EmitThunk(k, esi);
    }

    /// <summary>An indirect jump that no prediction from elsewhere steers, where boot asks for it.</summary>
    private static void EmitThunk(KernelAssembler k, Iced.Intel.AssemblerRegister32 register)
    {
        string name = ThunkOf(register);
        k.Global(name);
        k.OnlyWith(KernelFeature.Retpoline, "retpoline", () =>
        {
            k.call(k.To(name + ".over"));
            k.Local(name + ".trap");
            k.pause();
            k.lfence();
            k.jmp(k.To(name + ".trap"));
            k.Local(name + ".over");
            k.mov(__dword_ptr[esp], register);
            k.ret();
        });
        k.OnlyWith(KernelFeature.RetpolineLfence, "retpoline", () => k.lfence());
        k.jmp(register);
    }

    private static void LetTracersLook(KernelAssembler k, string name)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Local(name + ".trace");
        k.mov(eax, ebp);
        k.call(k.To("syscall_trace_enter"));
        k.mov(ebx, eax);
        k.jmp(k.To(name + ".dispatch"));
    }

    /// <summary>Exit work of the call, then what is to be done before user mode, with interrupts off at the end.</summary>
    private static void EmitSyscallExit(KernelAssembler k)
    {
        const string again = "exit_to_user.again", loop = "exit_to_user.loop";
        k.Phase(PhaseKind.ExitWork);
        k.Global(SyscallExitSymbol(k));
        k.Observable(KernelPoint.CallLeaves);
        k.push(edi);
        k.mov(edi, eax);
        k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.test(__dword_ptr[ecx + TaskLayout.ThreadFlags], TracerFlags.OnExit);
        k.je(k.To("exit_to_user.cli"));
        HypercallStub.Waiting(k, HypercallNumbers.ExitWork);
        k.Local("exit_to_user.cli");
        k.cli();
        k.jmp(k.To(again));

        // An exception's exit comes in here, with interrupts off already.
        k.Global(ExitToUser.PrepareSymbol(k));
        k.push(edi);
        k.mov(edi, eax);
        k.Local(again);
        k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.mov(eax, __dword_ptr[ecx + TaskLayout.ThreadFlags]);
        k.test(eax, ThreadFlags.ExitLoop);
        k.jne(k.To(loop));
        k.test(eax, ThreadFlags.NeedFpuLoad);
        k.je(k.To("exit_to_user.loaded"));
        k.call(k.To("switch_fpu_return"));
        k.Local("exit_to_user.loaded");
        k.OnlyWith(KernelFeature.MdsClear, "MDS", () => k.verw(__word_ptr[I386Layout.VerwSelector]));
        k.pop(edi);
        k.ret();

        k.Local(loop);
        k.sti();
        k.test(eax, ThreadFlags.NeedResched);
        k.je(k.To("exit_to_user.scheduled"));
        k.call(k.To("schedule"));
        k.Local("exit_to_user.scheduled");
        I386Work.ServeFlags(k, "exit_to_user");
        k.cli();
        k.jmp(k.To(again));
    }
}
