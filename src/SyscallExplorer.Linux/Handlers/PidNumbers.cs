using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>The number that a <c>struct pid</c> has in the caller's namespace.</summary>
internal static class PidNumbers
{
    private const string OfTask = "__task_pid_nr_ns", InNamespace = "pid_nr_ns", Virtual = "pid_vnr";
    private const int Thread = 0, Group = 1;

    /// <summary>What a call returns: the number of the process of a task.</summary>
    public static void ReturnGroup(CompiledCode c, Gpr task)
    {
        if (c.K.Traits.Vfs.NumbersGroupsDirectly)
        {
            ReturnNumber(c, task, Group);
            return;
        }

        c.Load(c.Argument(0), task, TaskLayout.Signal);
        c.Load(c.Argument(0), c.Argument(0), TaskLayout.SignalTgidPid);
        c.Call(Virtual);
        c.SignExtendResult();
        c.Return();
    }

    /// <summary>What a call returns: the number of a task.</summary>
    public static void ReturnThread(CompiledCode c, Gpr task) => ReturnNumber(c, task, Thread);

    /// <summary>EAX becomes the number of the process of a task, from Linux 4.19 on.</summary>
    public static void CallGroup(CompiledCode c, Gpr task) => CallNumber(c, task, Group);

    private static void ReturnNumber(CompiledCode c, Gpr task, int type)
    {
        CallNumber(c, task, type);
        c.SignExtendResult();
        c.Return();
    }

    private static void CallNumber(CompiledCode c, Gpr task, int type)
    {
        c.Move(c.Argument(0), task);
        c.Constant(c.Argument(2), 0);
        c.Constant(c.Argument(1), type);
        c.Call(OfTask);
    }

    public static void Emit(CompiledCode c)
    {
        EmitInNamespace(c);
        if (!c.K.Traits.Vfs.NumbersGroupsDirectly)
            EmitVirtual(c);
        EmitOfTask(c);
    }

    /// <summary>Pid and namespace.</summary>
    private static void EmitInNamespace(CompiledCode c)
    {
        c.Function(InNamespace);
        ReturnNumberOf(c, c.Argument(0), c.Argument(1), Gpr.Rcx, InNamespace + ".none", c.Return);
    }

    /// <summary>The number of a pid on the namespace's level, or 0 where the pid is not seen from it.</summary>
    private static void ReturnNumberOf(CompiledCode c, Gpr pid, Gpr space, Gpr level, string none, Action leave)
    {
        KernelAssembler k = c.K;
        c.Test(pid);
        k.je(k.To(none));
        c.Load32(level, space, VfsLayout.NamespaceLevel);
        c.CompareWith32(level, pid, TaskLayout.PidLevel);
        k.ja(k.To(none));
        if (c.IsWide)
        {
            k.shl(c.Wide(level), 4);
            k.lea(c.Wide(level), __[c.Wide(pid) + c.Wide(level) + TaskLayout.PidNumbers]);
            k.cmp(__qword_ptr[c.Wide(level) + VfsLayout.PidNamespace], c.Wide(space));
        }
        else
        {
            k.shl(c.Narrow(level), 4);
            k.lea(c.Narrow(level), __[c.Narrow(pid) + c.Narrow(level) + TaskLayout.PidNumbers]);
            k.cmp(__dword_ptr[c.Narrow(level) + VfsLayout.PidNamespace], c.Narrow(space));
        }

        k.jne(k.To(none));
        c.Load32(Gpr.Rax, level, 0);
        leave();
        k.Local(none);
        c.Constant(Gpr.Rax, 0);
        leave();
    }

    private static void EmitVirtual(CompiledCode c)
    {
        c.Function(Virtual);
        LoadNamespace(c, c.Argument(1), c.Argument(2), Virtual);
        c.ReturnFrom(InNamespace);
    }

    /// <summary>Task, which of its pids, and a namespace or none for the caller's own.</summary>
    private static void EmitOfTask(CompiledCode c)
    {
        const string given = OfTask + ".given", thread = OfTask + ".thread", found = OfTask + ".found", none = OfTask + ".none";
        KernelAssembler k = c.K;
        Gpr task = c.Argument(0), type = c.Argument(1), space = c.Argument(2);
        Gpr scratch = c.IsWide ? Gpr.Rcx : c.Kept(0);
        bool locks = k.Traits.Vfs.PreemptsReaders;
        c.Function(OfTask, kept: locks ? 3 : c.IsWide ? 0 : 1);
        if (locks)
        {
            c.Move32(c.Kept(2), type);
            c.Move(c.Kept(1), task);
            c.Move(c.Kept(0), space);
            ReadLock.Take(c);
            (space, task, type) = (c.Kept(0), c.Kept(1), c.Kept(2));
        }

        c.Test(space);
        k.jne(k.To(given));
        LoadNamespace(c, space, scratch, OfTask);
        k.Local(given);
        if (!k.Traits.Vfs.NumbersGroupsDirectly)
        {
            // pid_alive: a task that has ended has no number any more.
            c.CompareWithZero(task, TaskLayout.ThreadPid);
            k.je(k.To(none));
        }

        c.Test32(type);
        k.je(k.To(thread));
        c.Load(task, task, TaskLayout.Signal);
        c.Load(task, task, TaskLayout.SignalTgidPid);
        k.jmp(k.To(found));
        k.Local(thread);
        c.Load(task, task, TaskLayout.ThreadPid);
        k.Local(found);

        // pid_nr_ns stands in the same file, and compilers put it in place here.
        ReturnNumberOf(c, task, space, scratch, none, locks ? Unlock : c.Return);

        void Unlock()
        {
            ReadLock.ReleaseKeepingResult(c, c.Kept(1));
            c.Return();
        }
    }

    /// <summary>task_active_pid_ns: that of the highest level of the caller's pid; before Linux 3.8 that of its proxy.</summary>
    private static void LoadNamespace(CompiledCode c, Gpr space, Gpr scratch, string name)
    {
        KernelAssembler k = c.K;
        c.Current(space);
        if (!k.Traits.Vfs.FindsNamespaceByPid)
        {
            c.Load(space, space, TaskLayout.NamespaceProxy);
            c.Load(space, space, TaskLayout.ProxyPidNamespace);
            return;
        }

        string none = name + ".no_pid";
        c.Load(space, space, TaskLayout.ThreadPid);
        c.Test(space);
        k.je(k.To(none));
        c.Load32(scratch, space, TaskLayout.PidLevel);
        if (c.IsWide)
        {
            k.shl(c.Wide(scratch), 4);
            k.mov(c.Wide(space), __qword_ptr[c.Wide(space) + c.Wide(scratch) + (TaskLayout.PidNumbers + VfsLayout.PidNamespace)]);
        }
        else
        {
            k.shl(c.Narrow(scratch), 4);
            k.mov(c.Narrow(space), __dword_ptr[c.Narrow(space) + c.Narrow(scratch) + (TaskLayout.PidNumbers + VfsLayout.PidNamespace)]);
        }

        k.Local(none);
    }
}
