using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>rcu_read_lock</c> and <c>rcu_read_unlock</c>. They are no code in a kernel whose readers are never preempted, and functions that count in one that is built with
/// PREEMPT_DYNAMIC, and so with PREEMPT_RCU, as distributions build theirs since it came with Linux 5.12.
/// </summary>
internal static class ReadLock
{
    private const string Lock = "__rcu_read_lock", Unlock = "__rcu_read_unlock";

    public static void Take(CompiledCode c)
    {
        if (c.K.Traits.Vfs.PreemptsReaders)
            c.Call(Lock);
    }

    /// <summary>Releases it and keeps what EAX holds, in a register that calls leave as it is.</summary>
    public static void ReleaseKeepingResult(CompiledCode c, Gpr kept)
    {
        c.Move32(kept, Gpr.Rax);
        Release(c);
        c.Move32(Gpr.Rax, kept);
    }

    private static void Release(CompiledCode c)
    {
        if (c.K.Traits.Vfs.PreemptsReaders)
            c.Call(Unlock);
    }

    public static void Emit(CompiledCode c)
    {
        if (!c.K.Traits.Vfs.PreemptsReaders)
            return;
        c.Function(Lock);
        c.Current(Gpr.Rax);
        c.K.inc(__dword_ptr[rax + TaskLayout.ReadLocks]);
        c.Return();

        // The outermost one looks whether somebody waits for this reader.
        string nested = c.K.Unique("nested");
        c.Function(Unlock);
        c.Current(Gpr.Rax);
        c.Load32(Gpr.Rdx, Gpr.Rax, TaskLayout.ReadLocks);
        c.K.sub(edx, 1);
        c.Store32(Gpr.Rax, TaskLayout.ReadLocks, Gpr.Rdx);
        c.K.jne(c.K.To(nested));
        c.Load32(Gpr.Rax, Gpr.Rax, TaskLayout.ReadUnlockSpecial);
        c.Test32(Gpr.Rax);
        c.K.jne(c.K.To(CompiledCode.Impossible));
        c.K.Local(nested);
        c.Return();
    }
}
