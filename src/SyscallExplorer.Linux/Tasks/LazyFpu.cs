using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The FPU before Linux 4.6: a task that gets the processor gets its registers only when it uses them. CR0.TS makes the first use #NM, whose handler clears TS and loads
/// them. Who has used them in each of its last turns gets them at once; and from Linux 3.7 on everybody does where the processor saves quickly (eagerfpu=).
/// TIF_NEED_FPU_LOAD is a flag that the way to user mode looks at; here it becomes another one there, which goes with CR0.TS.
/// </summary>
internal static class LazyFpu
{
    /// <summary>The first version without it.</summary>
    public static readonly Version Gone = new(4, 6);

    /// <summary>The exception's handler.</summary>
    public const string Handler = "exc_device_not_available";

    /// <summary>Turns in a row after which the registers are loaded without being asked for.</summary>
    private const int TurnsToPreload = 5;

    /// <summary>Whether a kernel does it.</summary>
    public static bool IsIn(KernelTraits traits) => traits.Version < Gone;

    /// <summary>RDI leaves, with its registers still where they are: not to have used them ends its series of turns.</summary>
    public static void Leave(KernelAssembler k)
    {
        if (!IsIn(k.Traits))
            return;
        string used = k.Unique("fpu_used");
        k.test(__dword_ptr[rdi + TaskLayout.ThreadFlags], ThreadFlags.NeedFpuLoad | ThreadFlags.FpuIsAway);
        k.je(k.To(used));
        k.mov(__byte_ptr[rdi + TaskLayout.FpuTurns], 0);
        k.Local(used);
    }

    /// <summary>RSI comes. RAX and RDX are overwritten.</summary>
    public static void Come(KernelAssembler k)
    {
        string load = k.Unique("fpu_load"), done = k.Unique("fpu_done");
        k.OnlyWith(KernelFeature.EagerFpu, () => k.jmp(k.To(load)));
        string preload = k.Unique("fpu_preload");
        k.cmp(__byte_ptr[rsi + TaskLayout.FpuTurns], TurnsToPreload);
        k.ja(k.To(preload));
        Withhold(k, rsi);
        k.jmp(k.To(done));
        k.Local(preload);
        k.inc(__byte_ptr[rsi + TaskLayout.FpuTurns]);
        k.clts();
        k.Local(load);
        FpuSwitch.LoadNow(k, rsi);
        k.and(__dword_ptr[rsi + TaskLayout.ThreadFlags], ~ThreadFlags.FpuIsAway);
        k.Local(done);
    }

    /// <summary>On the way to user mode, RDI being the task whose registers lie in memory. RAX is overwritten.</summary>
    public static void Return(KernelAssembler k)
    {
        string load = k.Unique("fpu_load");
        k.OnlyWith(KernelFeature.EagerFpu, () => k.jmp(k.To(load)));
        Withhold(k, rdi);
        k.ret();
        k.Local(load);
    }

    /// <summary>#NM: a task that uses its registers gets them. RDI is the frame; where they are there already it is the trap that it is elsewhere.</summary>
    public static void EmitHandler(KernelAssembler k, string otherwise)
    {
        k.Global(Handler);
        k.mov(rcx, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.test(__dword_ptr[rcx + TaskLayout.ThreadFlags], ThreadFlags.FpuIsAway);
        k.je(k.To(otherwise));
        k.clts();
        k.inc(__byte_ptr[rcx + TaskLayout.FpuTurns]);
        FpuSwitch.Load(k, rcx);
        k.and(__dword_ptr[rcx + TaskLayout.ThreadFlags], ~(ThreadFlags.FpuIsAway | ThreadFlags.NeedFpuLoad));
        k.ret();
    }

    /// <summary>CR0 is dear to write, so that it is read first.</summary>
    private static void Withhold(KernelAssembler k, AssemblerRegister64 task)
    {
        string isSet = k.Unique("fpu_ts");
        k.mov(rax, cr0);
        k.test(eax, (int)Cr0.TS);
        k.jne(k.To(isSet));
        k.or(rax, (int)Cr0.TS);
        k.mov(cr0, rax);
        k.Local(isSet);
        k.and(__dword_ptr[task + TaskLayout.ThreadFlags], ~ThreadFlags.NeedFpuLoad);
        k.or(__dword_ptr[task + TaskLayout.ThreadFlags], ThreadFlags.FpuIsAway);
    }
}
