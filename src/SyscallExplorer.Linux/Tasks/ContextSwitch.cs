using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>__switch_to</c>: once the stack is the next task's, its FPU, its segments, its TLS descriptors and the per-CPU words follow. RDI is
/// the task that leaves, RSI the one that comes.
/// </summary>
internal static class ContextSwitch
{
    public static void Emit(KernelAssembler k)
    {
        k.Global("__switch_to");
        LazyFpu.Leave(k);
        FpuSwitch.SaveUnlessSaved(k, rdi);
        SaveSegments(k);
        LoadTls(k);
        LoadDataSegment(k, TaskLayout.Es, "es", selector => k.mov(es, selector));
        LoadDataSegment(k, TaskLayout.Ds, "ds", selector => k.mov(ds, selector));
        LoadFsAndGs(k);
        k.mov(k.PerCpu(PerCpuOffsets.CurrentTask), rsi);
        k.mov(rax, __qword_ptr[rsi + TaskLayout.TopOfStack]);
        if (!k.Traits.HasEntryStack)
            k.mov(k.PerCpu(PerCpuOffsets.Tss + TaskStateSegment.Rsp0), rax);
        if (k.Traits.StackGap > 0)
            k.sub(rax, k.Traits.StackGap);
        k.mov(k.TopOfStack(), rax);
        if (k.Traits.HasPartialFrame)
            SwitchUserStackPointer(k);
        if (LazyFpu.IsIn(k.Traits))
            LazyFpu.Come(k);
        else if (!k.Traits.LoadsFpuLate)
            FpuSwitch.LoadNow(k, rsi);
        k.mov(rax, rdi);
        k.ret();
        EmitLoadGsIndex(k);
    }

    /// <summary>The stack pointer that SYSCALL's entry keeps in a per-CPU word is the task's own.</summary>
    private static void SwitchUserStackPointer(KernelAssembler k)
    {
        k.mov(rax, k.PerCpu(PerCpuOffsets.RspScratch));
        k.mov(__qword_ptr[rdi + TaskLayout.UserSp], rax);
        k.mov(rax, __qword_ptr[rsi + TaskLayout.UserSp]);
        k.mov(k.PerCpu(PerCpuOffsets.RspScratch), rax);
    }

    /// <summary>Without FSGSBASE a base that a selector gave is not kept; one that arch_prctl gave is known already.</summary>
    private static void SaveSegments(KernelAssembler k)
    {
        string legacy = k.Unique("save_legacy");
        string done = k.Unique("saved");
        k.mov(eax, fs);
        k.mov(__word_ptr[rdi + TaskLayout.FsIndex], ax);
        k.mov(ecx, gs);
        k.mov(__word_ptr[rdi + TaskLayout.GsIndex], cx);
        k.OnlyWithout(KernelFeature.Fsgsbase, () => k.jmp(k.To(legacy)));
        k.rdfsbase(rax);
        k.mov(__qword_ptr[rdi + TaskLayout.FsBase], rax);
        ReadUserGsBase(k);
        k.mov(__qword_ptr[rdi + TaskLayout.GsBase], rax);
        k.jmp(k.To(done));

        k.Local(legacy);
        k.xor(edx, edx);
        foreach ((AssemblerRegister32 selector, int field) in (ReadOnlySpan<(AssemblerRegister32, int)>)[(eax, TaskLayout.FsBase), (ecx, TaskLayout.GsBase)])
        {
            string keep = k.Unique("keep_base");
            k.test(selector, selector);
            k.je(k.To(keep));
            k.mov(__qword_ptr[rdi + field], rdx);
            k.Local(keep);
        }

        k.Local(done);
    }

    /// <summary>RAX becomes the base of the program's GS; with FRED there is no SWAPGS. ECX and EDX are overwritten then.</summary>
    private static void ReadUserGsBase(KernelAssembler k)
    {
        k.OnlyWithout(KernelFeature.Fred, () =>
        {
            k.swapgs();
            k.rdgsbase(rax);
            k.swapgs();
        });
        k.OnlyWith(KernelFeature.Fred, () =>
        {
            k.mov(ecx, Msr.KernelGsBase);
            k.rdmsr();
            k.shl(rdx, 32);
            k.or(rax, rdx);
        });
    }

    /// <summary>RAX becomes the base of the program's GS.</summary>
    private static void WriteUserGsBase(KernelAssembler k)
    {
        k.OnlyWithout(KernelFeature.Fred, () =>
        {
            k.swapgs();
            k.wrgsbase(rax);
            k.swapgs();
        });
        k.OnlyWith(KernelFeature.Fred, () =>
        {
            k.mov(ecx, Msr.KernelGsBase);
            k.mov(rdx, rax);
            k.shr(rdx, 32);
            k.wrmsr();
        });
    }

    private static void LoadTls(KernelAssembler k)
    {
        for (int entry = 0; entry < Selectors.TlsEntries; entry++)
        {
            k.mov(rax, __qword_ptr[rsi + TaskLayout.TlsArray + entry * 8]);
            k.mov(rcx, KernelLayout.DirectMapped(KernelLayout.GdtPhysical) + (ulong)(Selectors.FirstTls + entry) * 8);
            k.mov(__qword_ptr[rcx], rax);
        }
    }

    /// <summary>A selector that both tasks have as null is not loaded. One that has become bad reads as null.</summary>
    private static void LoadDataSegment(KernelAssembler k, int field, string name, Action<AssemblerRegister32> load)
    {
        string skip = $"__switch_to.{name}_done", bad = $"__switch_to.{name}_bad", retry = $"__switch_to.{name}_load";
        k.mov(eax, name == "es" ? es : ds);
        k.mov(__word_ptr[rdi + field], ax);
        k.movzx(ecx, __word_ptr[rsi + field]);
        k.or(eax, ecx);
        k.je(k.To(skip));
        k.Local(retry);
        k.MayFault(bad);
        load(ecx);
        k.jmp(k.To(skip));
        k.Local(bad);
        k.xor(ecx, ecx);
        k.jmp(k.To(retry));
        k.Local(skip);
    }

    private static void LoadFsAndGs(KernelAssembler k)
    {
        string legacy = k.Unique("load_legacy");
        string done = k.Unique("loaded");
        k.OnlyWithout(KernelFeature.Fsgsbase, () => k.jmp(k.To(legacy)));
        LoadSelectors(k, "fsgsbase");
        k.mov(rax, __qword_ptr[rsi + TaskLayout.FsBase]);
        k.wrfsbase(rax);
        k.mov(rax, __qword_ptr[rsi + TaskLayout.GsBase]);
        WriteUserGsBase(k);
        k.jmp(k.To(done));

        // Without FSGSBASE a base is written where it is not what the selector brings.
        k.Local(legacy);
        LoadSelectors(k, "legacy");
        foreach ((int index, int field, uint msr) in (ReadOnlySpan<(int, int, uint)>)[
            (TaskLayout.FsIndex, TaskLayout.FsBase, Msr.FsBase), (TaskLayout.GsIndex, TaskLayout.GsBase, Msr.KernelGsBase)])
        {
            string bySelector = k.Unique("by_selector");
            k.cmp(__word_ptr[rsi + index], 0);
            k.jne(k.To(bySelector));
            k.mov(eax, __dword_ptr[rsi + field]);
            k.mov(edx, __dword_ptr[rsi + field + 4]);
            k.mov(ecx, msr);
            k.wrmsr();
            k.Local(bySelector);
        }

        k.Local(done);
    }

    private static void LoadSelectors(KernelAssembler k, string stem)
    {
        string fsDone = $"__switch_to.{stem}_fs_done", fsBad = $"__switch_to.{stem}_fs_bad", fsLoad = $"__switch_to.{stem}_fs_load";
        string gsDone = $"__switch_to.{stem}_gs_done";
        k.movzx(ecx, __word_ptr[rsi + TaskLayout.FsIndex]);
        k.movzx(eax, __word_ptr[rdi + TaskLayout.FsIndex]);
        k.or(eax, ecx);
        k.je(k.To(fsDone));
        k.Local(fsLoad);
        k.MayFault(fsBad);
        k.mov(fs, ecx);
        k.jmp(k.To(fsDone));
        k.Local(fsBad);
        k.xor(ecx, ecx);
        k.jmp(k.To(fsLoad));
        k.Local(fsDone);

        k.movzx(ecx, __word_ptr[rsi + TaskLayout.GsIndex]);
        k.movzx(eax, __word_ptr[rdi + TaskLayout.GsIndex]);
        k.or(eax, ecx);
        k.je(k.To(gsDone));
        k.call(k.To("asm_load_gs_index"));
        k.Local(gsDone);
    }

    /// <summary>
    /// Loads GS from ECX for the program: with the program's base current, which the load overwrites. A fault of the load finds the user's GS,
    /// hence the symbol that the exception entry knows.
    /// </summary>
    private static void EmitLoadGsIndex(KernelAssembler k)
    {
        k.Global("asm_load_gs_index");
        k.OnlyWith(KernelFeature.Lkgs, () => LoadByLkgs(k));
        k.swapgs();
        k.Global("gs_change");
        k.MayFault("bad_gs");
        k.mov(gs, ecx);
        k.Local("gs_changed");
        k.mfence();
        k.swapgs();
        k.ret();
        k.Local("bad_gs");
        k.swapgs();
        k.xor(ecx, ecx);
        k.mov(gs, ecx);
        k.jmp(k.To("gs_changed"));
    }

    /// <summary>One instruction does the three; a selector that has become bad is null.</summary>
    private static void LoadByLkgs(KernelAssembler k)
    {
        k.Local("lkgs");
        k.MayFault("bad_lkgs");
        k.lkgs(cx);
        k.ret();
        k.Local("bad_lkgs");
        k.xor(ecx, ecx);
        k.jmp(k.To("lkgs"));
    }
}
