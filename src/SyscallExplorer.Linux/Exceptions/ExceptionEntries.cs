using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>An exception that has an entry.</summary>
/// <param name="Vector">Its vector.</param>
/// <param name="Name">Its name in the kernel, behind <c>asm_exc_</c>.</param>
/// <param name="HasErrorCode">Whether the processor pushes an error code.</param>
/// <param name="Ist">Its interrupt stack, 0 for none.</param>
/// <param name="Dpl">3 where user mode may raise it by INT.</param>
internal sealed record ExceptionEntry(Vector Vector, string Name, bool HasErrorCode, int Ist = 0, int Dpl = 0)
{
    public string AsmSymbol => $"asm_exc_{Name}";

    public string CSymbol => $"exc_{Name}";
}

/// <summary>Exception entry and exit of Linux 5.13: the stubs, <c>error_entry</c>, the paranoid pair and <c>error_return</c>.</summary>
internal static class ExceptionEntries
{
    private static readonly byte[] Nop3 = [0x0F, 0x1F, 0x00];
    private static readonly byte[] Lfence = [0x0F, 0xAE, 0xE8];

    public static IReadOnlyList<ExceptionEntry> Table { get; } =
    [
        new(Vector.DivideError, "divide_error", false),
        new(Vector.Debug, "debug", false, IstIndex.Debug),
        new(Vector.Breakpoint, "int3", false, Dpl: 3),
        new(Vector.Overflow, "overflow", false, Dpl: 3),
        new(Vector.BoundRange, "bounds", false),
        new(Vector.InvalidOpcode, "invalid_op", false),
        new(Vector.DeviceNotAvailable, "device_not_available", false),
        new(Vector.DoubleFault, "double_fault", true, IstIndex.DoubleFault),
        new(Vector.InvalidTss, "invalid_tss", true),
        new(Vector.SegmentNotPresent, "segment_not_present", true),
        new(Vector.StackFault, "stack_segment", true),
        new(Vector.GeneralProtection, "general_protection", true),
        new(Vector.PageFault, "page_fault", true),
        new(Vector.FloatingPoint, "coprocessor_error", false),
        new(Vector.AlignmentCheck, "alignment_check", true),
        new(Vector.SimdFloatingPoint, "simd_coprocessor_error", false),
    ];

    public static void Emit(KernelAssembler k)
    {
        k.Documented();
        k.Phase(PhaseKind.Interrupted);
        foreach (ExceptionEntry entry in Table)
        {
            if (entry.Ist == 0)
                EmitStub(k, entry);
            else if (entry.Vector == Vector.Debug)
                EmitDebugStub(k, entry);
            else
                EmitDoubleFaultStub(k, entry);
        }

        EmitInterruptStub(k);
        EmitErrorEntry(k);
        EmitErrorReturn(k);
        EmitParanoidEntry(k);
        EmitParanoidExit(k);
    }

    private static void EmitStub(KernelAssembler k, ExceptionEntry entry)
    {
        k.Global(entry.AsmSymbol);
        k.Endbr();
        Int80CompatEntry.ClearAccessControl(k);
        if (!entry.HasErrorCode)
            k.push(-1);
        EmitStubBody(k, entry);
    }

    /// <summary>The local timer's interrupt takes the entry of an exception without an error code.</summary>
    private static void EmitInterruptStub(KernelAssembler k)
    {
        k.Global("asm_" + TimerInterrupt.Symbol);
        k.Endbr();
        Int80CompatEntry.ClearAccessControl(k);
        k.push(-1);
        k.call(k.To("error_entry"));
        k.mov(rdi, rsp);
        k.CallFar(TimerInterrupt.Symbol);
        k.jmp(k.To("error_return"));
    }

    private static void EmitStubBody(KernelAssembler k, ExceptionEntry entry)
    {
        k.call(k.To("error_entry"));
        k.mov(rdi, rsp);
        if (entry.HasErrorCode)
        {
            k.mov(rsi, __qword_ptr[rsp + PtRegsOffsets.OrigAx]);
            k.mov(__qword_ptr[rsp + PtRegsOffsets.OrigAx], -1);
        }

        k.CallFar(entry.CSymbol);
        k.jmp(k.To("error_return"));
    }

    /// <summary>#DB has its own stack because it may come before the kernel has one; from user mode it moves to the thread stack.</summary>
    private static void EmitDebugStub(KernelAssembler k, ExceptionEntry entry)
    {
        const int savedCs = PtRegsOffsets.Cs - PtRegsOffsets.OrigAx;
        string fromUser = k.Unique("from_usermode");
        k.Global(entry.AsmSymbol);
        k.Endbr();
        Int80CompatEntry.ClearAccessControl(k);
        k.push(-1);
        k.test(__byte_ptr[rsp + savedCs], 3);
        k.jne(k.To(fromUser));
        k.call(k.To("paranoid_entry"));
        k.mov(rdi, rsp);
        k.CallFar(entry.CSymbol);
        k.jmp(k.To("paranoid_exit"));
        k.Local(fromUser);
        k.call(k.To("error_entry"));
        k.mov(rdi, rsp);
        if (!k.Traits.HasEntryStack)
        {
            k.CallFar("sync_regs");
            k.mov(rsp, rax);
            k.mov(rdi, rsp);
        }

        k.CallFar("noist_" + entry.CSymbol);
        k.jmp(k.To("error_return"));
    }

    private static void EmitDoubleFaultStub(KernelAssembler k, ExceptionEntry entry)
    {
        k.Global(entry.AsmSymbol);
        k.Endbr();
        Int80CompatEntry.ClearAccessControl(k);
        k.call(k.To("paranoid_entry"));
        k.mov(rdi, rsp);
        k.mov(rsi, __qword_ptr[rsp + PtRegsOffsets.OrigAx]);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.OrigAx], -1);
        k.CallFar(entry.CSymbol);
        k.jmp(k.To("paranoid_exit"));
    }

    /// <summary>Builds pt_regs; from user mode makes GS, page tables and stack the kernel's.</summary>
    private static void EmitErrorEntry(KernelAssembler k)
    {
        const int above = 8;
        k.PhaseOfCaller();
        k.Global("error_entry");
        k.cld();
        RegisterFrame.PushAndClear(k, initialResult: null, keepReturnAddress: true);
        k.test(__byte_ptr[rsp + PtRegsOffsets.Cs + above], 3);
        k.je(k.To("error_kernelspace"));

        k.swapgs();
        Fence(k, KernelFeature.FenceSwapgsUser);
        PageTableSwitch.ToKernel(k, scratch: rax);
        ReturnThunk.Enter(k);
        k.Local("error_entry_from_usermode_after_swapgs");
        if (k.Traits.HasEntryStack)
            MoveToThreadStack(k);
        k.ret();

        // In the kernel only two faults find the user's GS: that of the IRET to user mode, and that of a load of GS.
        k.Local("error_kernelspace");
        k.lea(rcx, __[k.AddressOf(ReturnByIret.IretSymbol)]);
        k.cmp(__qword_ptr[rsp + PtRegsOffsets.Ip + above], rcx);
        k.je(k.To("error_bad_iret"));
        k.mov(rcx, k.AddressOf("gs_change"));
        k.cmp(__qword_ptr[rsp + PtRegsOffsets.Ip + above], rcx);
        k.je(k.To("error_gs_change"));
        Fence(k, KernelFeature.FenceSwapgsKernel);
        k.ret();

        k.Local("error_gs_change");
        k.swapgs();
        Fence(k, KernelFeature.FenceSwapgsUser);
        k.ret();

        k.Local("error_bad_iret");
        k.swapgs();
        Fence(k, KernelFeature.FenceSwapgsUser);
        PageTableSwitch.ToKernel(k, scratch: rax);
        k.pop(r12);
        k.mov(rdi, rsp);
        k.CallFar("fixup_bad_iret");
        k.mov(rsp, rax);
        k.push(r12);
        k.jmp(k.To("error_entry_from_usermode_after_swapgs"));
        k.Phase(PhaseKind.Interrupted);
    }

    /// <summary>The frame lies on the entry stack, or on one of the IST's; the return address moves with it.</summary>
    private static void MoveToThreadStack(KernelAssembler k)
    {
        k.pop(r12);
        k.mov(rdi, rsp);
        k.CallFar("sync_regs");
        k.mov(rsp, rax);
        k.push(r12);
    }

    /// <summary>Keeps a mispredicted branch around SWAPGS from using the wrong GS speculatively.</summary>
    private static void Fence(KernelAssembler k, KernelFeature feature) =>
        k.Mitigation("swapgs fence", feature, () => k.Either(feature, Nop3, Lfence));

    private static void EmitErrorReturn(KernelAssembler k)
    {
        k.PhaseOfCaller();
        k.Global("error_return");
        if (!k.Traits.HasGenericEntry)
            k.cli();
        k.test(__byte_ptr[rsp + PtRegsOffsets.Cs], 3);
        k.je(k.To(ReturnByIret.ToKernel.Symbol));
        if (k.Traits.HasPartialFrame)
        {
            FastPath2639.EndException(k);
            k.Phase(PhaseKind.Interrupted);
            return;
        }

        if (!k.Traits.HasGenericEntry)
        {
            k.mov(rdi, rsp);
            k.CallFar(ExitToUser.PrepareSymbol(k));
        }

        k.jmp(k.To(k.Traits.UserReturn));
        k.Phase(PhaseKind.Interrupted);
    }

    /// <summary>An entry that may come from anywhere in the kernel: GS and CR3 are saved and put back as they were.</summary>
    private static void EmitParanoidEntry(KernelAssembler k)
    {
        k.Global("paranoid_entry");
        k.cld();
        RegisterFrame.PushAndClear(k, initialResult: null, keepReturnAddress: true);
        PageTableSwitch.SaveAndToKernel(k, scratch: rax, saved: r14);

        // EBX tells paranoid_exit what to do about GS: the old base with FSGSBASE, else whether SWAPGS was done.
        string msr = k.Unique("gs_by_msr");
        string done = k.Unique("gs_done");
        k.OnlyWithout(KernelFeature.Fsgsbase, () => k.jmp(k.To(msr)));
        k.rdgsbase(rbx);
        k.mov(rax, KernelLayout.PerCpu);
        k.wrgsbase(rax);
        k.ret();
        k.Local(msr);
        k.mov(ebx, 1);
        k.mov(ecx, Msr.GsBase);
        k.rdmsr();
        k.test(edx, edx);
        k.js(k.To(done));
        k.xor(ebx, ebx);
        k.swapgs();
        k.Local(done);
        Fence(k, KernelFeature.FenceSwapgsKernel);
        k.ret();
    }

    private static void EmitParanoidExit(KernelAssembler k)
    {
        string msr = k.Unique("gs_by_msr");
        k.Global("paranoid_exit");
        PageTableSwitch.Restore(k, scratch: rax, saved: r14);
        k.OnlyWithout(KernelFeature.Fsgsbase, () => k.jmp(k.To(msr)));
        k.wrgsbase(rbx);
        k.jmp(k.To(ReturnByIret.ToKernel.Symbol));
        k.Local(msr);
        k.test(ebx, ebx);
        k.jne(k.To(ReturnByIret.ToKernel.Symbol));
        k.swapgs();
        k.jmp(k.To(ReturnByIret.ToKernel.Symbol));
    }
}
