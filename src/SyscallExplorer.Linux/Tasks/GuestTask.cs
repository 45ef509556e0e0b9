using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>A task as guest code sees it: its <c>task_struct</c> and its kernel stack.</summary>
/// <param name="Machine">The machine.</param>
/// <param name="Address">Physical address of the structure.</param>
internal readonly record struct GuestTask(LinuxMachine Machine, ulong Address)
{
    private PhysicalMemory Ram => Machine.Processor.Bus.Ram;

    /// <summary>The address by which guest code knows it.</summary>
    public ulong Pointer => Machine.Architecture.DirectMapped(Address);

    /// <summary>Its number.</summary>
    public int Id => (int)this[TaskLayout.PidBlock + TaskLayout.PidNumbers];

    /// <summary>A word of the structure.</summary>
    public ulong this[int offset]
    {
        get => Ram.ReadUInt64(Address + (ulong)offset);
        set => Ram.WriteUInt64(Address + (ulong)offset, value);
    }

    /// <summary>The tracers' bits, wherever the kernel's generation keeps them.</summary>
    public ulong Work
    {
        get => Machine.Kernel.Traits.HasSyscallWork ? this[TaskLayout.SyscallWork] : TracerFlags.ToWork(Flags);
        set
        {
            if (Machine.Kernel.Traits.HasSyscallWork)
                this[TaskLayout.SyscallWork] = value;
            else
                Flags = (Flags & ~TracerFlags.Mask) | TracerFlags.FromWork(value);
        }
    }

    public uint Flags
    {
        get => (uint)this[TaskLayout.ThreadFlags];
        set => this[TaskLayout.ThreadFlags] = value;
    }

    /// <summary>Linear address of the registers that it entered the kernel with.</summary>
    public ulong Registers => this[TaskLayout.TopOfStack] - (ulong)Machine.Architecture.RegistersSize;

    /// <summary>Whether its system call is a 32-bit one; on a 32-bit kernel there are no others.</summary>
    public bool IsInCompatCall => Machine.Architecture.IsNative32 || (this[TaskLayout.ThreadStatus] & ThreadStatus.Compat) != 0;

    public void SetFlag(int flag, bool value) => Flags = value ? Flags | (uint)flag : Flags & ~(uint)flag;

    /// <summary>Sets or clears bits of the work that its system calls bring.</summary>
    public void SetWork(int work, bool value)
    {
        uint old = (uint)Work;
        Work = value ? old | (uint)work : old & ~(uint)work;
    }

    /// <summary>The structure that a pointer of guest code leads to.</summary>
    public static GuestTask At(LinuxMachine machine, ulong pointer) => new(machine, pointer - machine.Architecture.DirectMap);

    /// <summary>Another task, by the physical address of its structure, is the parent from now on.</summary>
    public void SetParent(ulong parent) => this[TaskLayout.RealParent] = Machine.Architecture.DirectMapped(parent);

    /// <summary>Writes a <c>signal_struct</c>: it tells the number of the process.</summary>
    public static void WriteProcess(PhysicalMemory ram, KernelArchitecture architecture, ulong address, int id)
    {
        ram.WriteUInt64(address + TaskLayout.SignalTgidPid, architecture.DirectMapped(address + TaskLayout.TgidBlock));
        ram.WriteUInt64(address + TaskLayout.TgidBlock, 0);
        ram.WriteUInt64(address + TaskLayout.TgidBlock + TaskLayout.PidNumbers, (ulong)id);
        ram.WriteUInt64(address + TaskLayout.TgidBlock + TaskLayout.PidNumbers + VfsLayout.PidNamespace, new VfsRecords(architecture).PidNamespace);
    }
}
