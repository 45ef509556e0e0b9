namespace SyscallExplorer.Linux;

/// <summary>A probe of the tracepoints sys_enter and sys_exit: it looks, and changes nothing.</summary>
public interface ISyscallProbe
{
    /// <summary>sys_enter of the current task.</summary>
    /// <param name="registers">Its registers.</param>
    /// <param name="number">The number that was called.</param>
    void SysEnter(PtRegs registers, long number);

    /// <summary>sys_exit of the current task.</summary>
    /// <param name="registers">Its registers.</param>
    /// <param name="result">What the call returns.</param>
    void SysExit(PtRegs registers, long result);
}
