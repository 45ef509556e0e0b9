namespace SyscallExplorer.Linux;

/// <summary>The number of a device. include/linux/kdev_t.h; numbers are from Documentation/admin-guide/devices.txt.</summary>
/// <param name="Major">The driver.</param>
/// <param name="Minor">One of its devices.</param>
internal readonly record struct DeviceNumber(int Major, int Minor)
{
    public static readonly DeviceNumber Null = new(1, 3);
    public static readonly DeviceNumber Zero = new(1, 5);
    public static readonly DeviceNumber Full = new(1, 7);
    public static readonly DeviceNumber Random = new(1, 8);
    public static readonly DeviceNumber UnseededRandom = new(1, 9);
    public static readonly DeviceNumber ControllingTerminal = new(5, 0);
    public static readonly DeviceNumber FirstPseudoTerminal = new(136, 0);

    /// <summary>As <c>st_rdev</c> and mknod have it.</summary>
    public uint Encoded => (uint)((Minor & 0xFF) | (Major << 8) | ((Minor & ~0xFF) << 12));
}
