using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// System calls of 32-bit kernels from Linux 4.4 on: assembly only builds the frame and takes it down again, C does the rest. From Linux 4.15 on entries
/// begin on a stack that user page tables hold too, and go on on the task's.
/// </summary>
internal static class I386Entry44
{
    /// <summary>Where calls begin to leave by IRET.</summary>
    public const string Done = "syscall_32_done";

    /// <summary>Where all else does.</summary>
    public const string All = "restore_all";

    public static EntryPathCode Int80_4_4 { get; } = new("entry_INT80_32",
    [
        new("save registers", SaveInt80),
        new("call C", k => CallC(k, "do_int80_syscall_32")),
        new("restore", Restore),
    ]);

    /// <summary>The frame is built on the entry stack and moves to the task's; back again before the page tables are the user's.</summary>
    public static EntryPathCode Int80_4_20 { get; } = Int80_4_4
        .InsertAfter("save registers", new("switch stack", I386KernelStack.Enter))
        .Replace("restore", new("restore", RestoreByEntryStack));

    public static EntryPathCode Sysenter_4_4 { get; } = new("entry_SYSENTER_32",
    [
        new("switch stack", SwitchStackByTss),
        new("push frame", k => PushFrame(k, mendsInC: false)),
        new("save registers", SaveSysenter),
        new("call C", k => CallC(k, "do_fast_syscall_32")),
        new("choose return", ChooseReturn),
        new("SYSEXIT", LeaveBySysexit),
    ]);

    /// <summary>The page tables first, then the stack; flags that would disturb the kernel are mended; SYSEXIT from the entry stack.</summary>
    public static EntryPathCode Sysenter_4_20 { get; } = Sysenter_4_4
        .Replace("switch stack", new("switch stack", SwitchStackByEntryStack))
        .InsertAfter("save registers", new("fix flags", FixFlags))
        .Replace("SYSEXIT", new("SYSEXIT", LeaveByEntryStack));

    /// <summary>Stack pointer and IF are put right in C.</summary>
    public static EntryPathCode Sysenter_5_10 { get; } = Sysenter_4_20
        .Replace("push frame", new("push frame", k => PushFrame(k, mendsInC: true)))
        .Replace("call C", new("call C", k => CallC(k, "do_SYSENTER_32")));

    /// <summary>What the pops and the IRET go on with when they fault.</summary>
    public static EntryPathCode Fixups { get; } = new("iret_exc", [new("bad IRET", BadIret), new("bad selectors", I386Frame.EmitFixups)]);

    private static void SaveInt80(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        Int80CompatEntry.ClearAccessControl(k);
        k.push(eax);
        I386Frame.Save(k, -Errno.ENOSYS);
    }

    private static void CallC(KernelAssembler k, string function)
    {
        k.Phase(PhaseKind.Dispatch);
        k.mov(eax, esp);
        k.CallFar(function);
    }

    private static void Restore(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        k.Global(Done);
        k.Global(All);
        I386EspFix.Test(k);
        Pop(k);
    }

    private static void RestoreByEntryStack(KernelAssembler k)
    {
        const string toKernel = "restore_all_kernel";
        k.Phase(PhaseKind.RestoreRegisters);
        k.Global(Done);
        I386StackErasure.Erase(k);
        k.Global(All);
        I386KernelStack.Leave(k);
        I386EspFix.Test(k);
        k.Local("restore_all_switched");
        Pop(k);
        k.PhaseOfCaller();
        k.Global(toKernel);
        I386KernelStack.LeaveToKernel(k);
        k.jmp(k.To("restore_registers"));
    }

    private static void Pop(KernelAssembler k)
    {
        k.Local("restore_nocheck");
        if (k.Traits.HasEntryStack)
            I386KernelStack.ToUserTables(k, eax);
        k.Local("restore_registers");
        I386Frame.Restore(k);
        k.Global("irq_return");
        k.MayFault("iret_exc");
        k.iretd();
        I386EspFix.Emit(k);
    }

    private static void SwitchStackByTss(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.mov(esp, __dword_ptr[esp + (TaskStateSegment.Rsp0 - I386Layout.TssSize)]);
        k.Global("sysenter_past_esp");
    }

    private static void SwitchStackByEntryStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.pushfd();
        k.push(eax);
        I386KernelStack.ToKernelTables(k, eax);
        k.pop(eax);
        k.popfd();
        k.mov(esp, __dword_ptr[esp + (int)(I386Layout.TssAlias + I386Layout.TssSp1 - I386Layout.EntryStackTop)]);
        k.Global("sysenter_past_esp");
    }

    private static void PushFrame(KernelAssembler k, bool mendsInC)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.push(I386Selectors.UserDs);
        if (mendsInC)
            k.push(0);
        else
            k.push(ebp);
        k.pushfd();
        if (!mendsInC)
            k.or(__dword_ptr[esp], (int)Rflags.IF);
        k.push(I386Selectors.UserCs);
        k.push(0);
        k.push(eax);
    }

    private static void SaveSysenter(KernelAssembler k) => I386Frame.Save(k, -Errno.ENOSYS);

    /// <summary>SYSENTER leaves NT, AC and TF as the program had them.</summary>
    private static void FixFlags(KernelAssembler k)
    {
        const string mended = "sysenter_flags_fixed", mend = "sysenter_fix_flags";
        k.test(__dword_ptr[esp + I386Registers.Flags], (int)(Rflags.NT | Rflags.AC | Rflags.TF));
        k.jne(k.To(mend));
        k.Global(mended);
    }

    private static void ChooseReturn(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        k.test(eax, eax);
        k.je(k.To(Done));
    }

    private static void LeaveBySysexit(KernelAssembler k)
    {
        LoadReturn(k);
        k.pop(eax);
        k.sti();
        k.sysexit();
        SegmentFixups(k);
    }

    /// <summary>The last two words that are needed wait on the entry stack, since the task's is gone with the kernel's page tables.</summary>
    private static void LeaveByEntryStack(KernelAssembler k)
    {
        const int interruptFlag = 9;
        I386StackErasure.Erase(k);
        k.mov(eax, (uint)I386Layout.EntryStackTop - 8);
        k.mov(ecx, __dword_ptr[esp + I386Registers.Flags]);
        k.mov(__dword_ptr[eax], ecx);
        k.mov(ecx, __dword_ptr[esp + I386Registers.Ax]);
        k.mov(__dword_ptr[eax + 4], ecx);
        LoadReturn(k);
        k.mov(esp, eax);
        I386KernelStack.ToUserTables(k, eax);

        // Interrupts stay off until the instruction before the last.
        k.btr(__dword_ptr[esp], (byte)interruptFlag);
        k.popfd();
        k.pop(eax);
        k.sti();
        k.sysexit();
        SegmentFixups(k);
        k.Phase(PhaseKind.SaveRegisters);
        k.Global("sysenter_fix_flags");
        k.push((int)Rflags.Fixed);
        k.popfd();
        k.jmp(k.To("sysenter_flags_fixed"));
        k.Global("__end_SYSENTER_singlestep_region");
    }

    /// <summary>What SYSEXIT takes from EDX and ECX, the segments, and the other registers but EAX.</summary>
    private static void LoadReturn(KernelAssembler k)
    {
        k.mov(edx, __dword_ptr[esp + I386Registers.Ip]);
        k.mov(ecx, __dword_ptr[esp + I386Registers.Sp]);
        foreach ((string name, AssemblerRegisterSegment segment, int slot) in Reloaded)
        {
            k.Local($"sysexit_{name}");
            k.MayFault($"sysexit_bad_{name}");
            k.mov(segment, __dword_ptr[esp + slot]);
        }

        k.pop(ebx);
        k.add(esp, 8);
        k.pop(esi);
        k.pop(edi);
        k.pop(ebp);
    }

    private static (string Name, AssemblerRegisterSegment Segment, int Slot)[] Reloaded { get; } = [("fs", fs, I386Registers.Fs), ("gs", gs, I386Registers.Gs)];

    private static void SegmentFixups(KernelAssembler k)
    {
        foreach ((string name, _, int slot) in Reloaded)
        {
            k.Local($"sysexit_bad_{name}");
            k.mov(__dword_ptr[esp + slot], 0);
            k.jmp(k.To($"sysexit_{name}"));
        }
    }

    private static void BadIret(KernelAssembler k)
    {
        k.Phase(PhaseKind.Interrupted);
        k.push(0);
        k.push((int)k.AddressOf(I386Exceptions.FunctionOf(k.Traits, "iret_error")));
        k.jmp(k.To("error_code"));
    }
}
