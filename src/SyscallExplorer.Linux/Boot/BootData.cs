using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What every kernel's boot writes for its first tasks and its clock, whatever the width of its words.</summary>
/// <param name="ram">The machine's.</param>
/// <param name="architecture">The kernel's.</param>
/// <param name="initCred">Where guest code finds the identity that all tasks begin with.</param>
internal sealed class BootData(PhysicalMemory ram, KernelArchitecture architecture, ulong initCred)
{
    /// <summary>Where the <c>signal_struct</c> of a task that never runs as a program lies, within the frame of the task.</summary>
    private const ulong OutsideProcess = 0x400;

    /// <summary>The first program's task, its ancestors that never run, and the idle task.</summary>
    /// <param name="firstTop">The end of the first program's stack.</param>
    /// <param name="idleTop">That of the idle task's.</param>
    /// <param name="canary">The first program's.</param>
    public void WriteTasks(ulong firstTop, ulong idleTop, ulong canary)
    {
        WriteTask(architecture.FirstTask, TaskIdentity.Pid, firstTop, KernelLayout.ParentPhysical, KernelLayout.ProcessPhysical);
        WriteTask(KernelLayout.ParentPhysical, TaskIdentity.ParentPid, 0, KernelLayout.InitPhysical, KernelLayout.ParentPhysical + OutsideProcess);
        WriteTask(KernelLayout.InitPhysical, TaskIdentity.Init, 0, KernelLayout.InitPhysical, KernelLayout.InitPhysical + OutsideProcess);
        WriteTask(architecture.IdleTask, 0, idleTop, architecture.IdleTask, architecture.IdleTask + OutsideProcess);
        ram.WriteUInt64(architecture.FirstTask + TaskLayout.StackCanary, canary);

        // It never comes to user mode, so that it has no registers of the FPU to save or to load.
        ram.WriteUInt64(architecture.IdleTask + TaskLayout.ThreadFlags, ThreadFlags.NeedFpuLoad);
        WriteIdentity();
        FileTable.WriteStructure(ram, architecture, KernelLayout.FilesStructPhysical, KernelLayout.FilesPhysical, users: 1);
    }

    /// <summary>The records of files, with the functions that serve them.</summary>
    public void WriteFiles(KernelGeneration kernel) => new VfsRecords(architecture).Write(ram, kernel.Traits, kernel.Image.Symbols);

    /// <summary>The wall clock starts on the day the kernel was released, so that no host clock reaches the guest.</summary>
    public void WriteTimekeeper(CpuModel cpu, KernelGeneration kernel, IReadOnlySet<KernelFeature> features, VdsoSet vdso)
    {
        const ulong clock = KernelLayout.DataPhysical + (KernelLayout.Timekeeper - KernelLayout.Data);
        Clocksource source = Clocksource.Of(cpu);
        ram.Write(clock + TimekeeperLayout.Mult, BitConverter.GetBytes(source.Multiplier));
        ram.Write(clock + TimekeeperLayout.Shift, BitConverter.GetBytes(source.Shift));
        ram.WriteUInt64(clock + TimekeeperLayout.Seconds, (ulong)kernel.ReleaseTime);
        ram.WriteUInt64(clock + TimekeeperLayout.WallToMonotonicSeconds, unchecked((ulong)-kernel.ReleaseTime));
        if (!architecture.IsNative32)
            PosixClockTable.Write(ram, kernel.Image.Symbols);
        ram.Write(clock + TimekeeperLayout.ClockMode, BitConverter.GetBytes(cpu.Has(CpuFeature.Tsc) ? VvarLayout.ByTsc : VvarLayout.ByKernel));
        Span<byte> timekeeper = stackalloc byte[TimekeeperLayout.Size];
        ram.Read(clock, timekeeper);
        vdso.Write(ram, features, VdsoGeneration.Of(kernel.Release).Data, timekeeper);
    }

    private void WriteTask(ulong task, int pid, ulong topOfStack, ulong parent, ulong process)
    {
        void Set(int offset, ulong value) => ram.WriteUInt64(task + (ulong)offset, value);
        Set(TaskLayout.ThreadPid, architecture.DirectMapped(task + TaskLayout.PidBlock));
        Set(TaskLayout.PidBlock + TaskLayout.PidNumbers, (ulong)pid);
        Set(TaskLayout.Cred, initCred);
        Set(TaskLayout.TopOfStack, topOfStack);
        Set(TaskLayout.RealParent, architecture.DirectMapped(parent));
        Set(TaskLayout.Signal, architecture.DirectMapped(process));
        Set(TaskLayout.PidBlock + TaskLayout.PidNumbers + VfsLayout.PidNamespace, new VfsRecords(architecture).PidNamespace);
        Set(TaskLayout.NamespaceProxy, new VfsRecords(architecture).NamespaceProxy);
        Set(TaskLayout.Files, architecture.DirectMapped(KernelLayout.FilesStructPhysical));
        Set(TaskLayout.Mm, architecture.DirectMapped(KernelLayout.MapPhysical));
        GuestTask.WriteProcess(ram, architecture, process, pid);
    }

    private void WriteIdentity()
    {
        const ulong cred = KernelLayout.DataPhysical + (KernelLayout.InitCred - KernelLayout.Data);
        foreach ((int field, int identity) in (ReadOnlySpan<(int, int)>)[(TaskLayout.CredUid, TaskIdentity.Uid), (TaskLayout.CredEuid, TaskIdentity.Uid),
            (TaskLayout.CredGid, TaskIdentity.Gid), (TaskLayout.CredEgid, TaskIdentity.Gid)])
        {
            ram.Write(cred + (ulong)field, BitConverter.GetBytes(identity));
        }
    }
}
