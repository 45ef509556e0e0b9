namespace SyscallExplorer.Linux;

/// <summary>What an instruction of the kernel marks for those who observe the machine.</summary>
public enum KernelPoint
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A system call's registers are on the kernel's stack and its number is about to be looked up.</summary>
    CallEnters,

    /// <summary>A system call's result stands in the registers that the task will return with.</summary>
    CallLeaves,
}
