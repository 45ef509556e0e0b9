using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Requests of ioctl for terminals. include/uapi/asm-generic/ioctls.h.</summary>
internal static class TerminalRequests
{
    public const uint GetAttributes = 0x5401;
    public const uint SetAttributes = 0x5402;
    public const uint SetAttributesDrained = 0x5403;
    public const uint SetAttributesFlushed = 0x5404;
    public const uint SendBreak = 0x5409;
    public const uint FlowControl = 0x540A;
    public const uint Flush = 0x540B;
    public const uint GetGroup = 0x540F;
    public const uint SetGroup = 0x5410;
    public const uint BytesToWrite = 0x5411;
    public const uint GetWindowSize = 0x5413;
    public const uint SetWindowSize = 0x5414;
    public const uint BytesThere = 0x541B;
    public const uint GetSession = 0x5429;
}

/// <summary>What a terminal remembers.</summary>
/// <param name="Attributes"><c>struct termios</c>.</param>
/// <param name="WindowSize"><c>struct winsize</c>: rows, columns, and two more.</param>
/// <param name="Group">The foreground process group.</param>
internal sealed record TerminalState(ImmutableArray<byte> Attributes, ImmutableArray<byte> WindowSize, int Group)
{
    /// <summary>A terminal of 24 lines and 80 columns with the driver's first settings: 38400 baud, echo, line by line.</summary>
    public static TerminalState Initial { get; } = new(FirstAttributes(), [24, 0, 80, 0, 0, 0, 0, 0], TaskIdentity.Pid);

    private static ImmutableArray<byte> FirstAttributes()
    {
        const int inputModes = 0x500, outputModes = 0x5, controlModes = 0xBF, localModes = 0x8A3B, controlCharacters = 19;
        ReadOnlySpan<byte> characters = [3, 0x1C, 0x7F, 0x15, 4, 0, 1, 0, 0x11, 0x13, 0x1A, 0, 0x12, 0xF, 0x17, 0x16, 0];
        CStructure c = new CStructure(compat: false).Int32(inputModes).Int32(outputModes).Int32(controlModes).Int32(localModes);
        return [.. c.Bytes, 0, .. characters, .. new byte[controlCharacters - characters.Length]];
    }
}
