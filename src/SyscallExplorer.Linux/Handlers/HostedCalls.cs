namespace SyscallExplorer.Linux;

/// <summary>A host part of a handler: what the kernel's function would return.</summary>
internal delegate long HostedCall(SyscallArguments arguments);

/// <summary>Host parts that belong together.</summary>
internal abstract class HostedCalls(LinuxMachine machine)
{
    /// <summary>The host parts by the name of their handler.</summary>
    public abstract IEnumerable<(string Name, HostedCall Call)> Calls { get; }

    protected LinuxMachine Machine => machine;

    protected AddressSpace Memory => machine.Memory;

    protected KernelState State
    {
        get => machine.State;
        set => machine.State = value;
    }

    /// <summary>Copies a structure to the program.</summary>
    protected long Give(ulong address, ReadOnlySpan<byte> bytes) => Memory.TryWrite(address, bytes) ? 0 : -Errno.EFAULT;
}
