using System.Collections.Immutable;
using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>What the request of an <c>ioctl</c> makes of its third argument.</summary>
internal static class DeviceArguments
{
    private static readonly ArgumentKind s_request = In((text, slot) => text.Write(RequestName(text.UInt(slot))));
    private static readonly ArgumentKind s_terminal = InStructure(_ => 36, WriteTerminal);
    private static readonly ArgumentKind s_outTerminal = OutStructure(_ => 36, WriteTerminal);
    private static readonly ArgumentKind s_window = InStructure(_ => 8, WriteWindow);
    private static readonly ArgumentKind s_outWindow = OutStructure(_ => 8, WriteWindow);

    /// <summary>The arguments by the request.</summary>
    public static ImmutableArray<ArgumentKind> Choose(CallText text)
    {
        ArgumentKind? third = TerminalWords.Requests.Find(text.UInt(1)) switch
        {
            "TCGETS" => s_outTerminal,
            "SNDCTL_TMR_START or TCSETS" or "SNDCTL_TMR_STOP or TCSETSW" or "SNDCTL_TMR_CONTINUE or TCSETSF" => s_terminal,
            "TIOCGWINSZ" => s_outWindow,
            "TIOCSWINSZ" => s_window,
            "FIONREAD" or "TIOCOUTQ" or "TIOCGPGRP" or "TIOCGSID" or "TIOCGETD" or "TIOCGPTN" => VectorArguments.OutInt,
            "TIOCSPGRP" or "FIONBIO" or "FIOASYNC" or "TIOCSETD" or "TIOCPKT" or "TIOCSPTLCK" => VectorArguments.InInt,
            "TCSBRK" or "TIOCSCTTY" or "TCSBRKP" or "BTRFS_IOC_CLONE or FICLONE" => Scalars.Int,
            "TCXONC" => Scalars.Value(TerminalWords.Actions),
            "TCFLSH" => Scalars.Value(TerminalWords.Queues),
            "TIOCEXCL" or "TIOCNXCL" or "TIOCNOTTY" or "TIOCSBRK" or "TIOCCBRK" or "TIOCCONS" or "TIOCVHANGUP" or "FIONCLEX" or "FIOCLEX" => null,
            "BLKGETSIZE64" => OutStructure(_ => 8, (output, size) => output.Write($"[{size.UInt64()}]")),
            _ => Scalars.Hexadecimal,
        };
        return third is null ? [Scalars.Int, s_request] : [Scalars.Int, s_request, third];
    }

    /// <summary>The request's name, or its parts: direction, letter, number and size.</summary>
    private static string RequestName(uint request)
    {
        if (TerminalWords.Requests.Find(request) is { } name)
            return name;
        string direction = (request >> 30) switch { 0 => "_IOC_NONE", 1 => "_IOC_WRITE", 2 => "_IOC_READ", _ => "_IOC_READ|_IOC_WRITE" };
        static string Part(uint value) => value == 0 ? "0" : $"0x{value:x}";
        return $"_IOC({direction}, {Part((request >> 8) & 0xff)}, {Part(request & 0xff)}, {Part((request >> 16) & 0x3fff)})";
    }

    private static void WriteTerminal(CallText text, StructureReader terminal) => text
        .Write($"{{c_iflag={TerminalWords.Present(TerminalWords.Input, terminal.UInt32())}")
        .Write($", c_oflag={TerminalWords.OutputModes(terminal.UInt32())}")
        .Write($", c_cflag={TerminalWords.ControlModes(terminal.UInt32())}")
        .Write($", c_lflag={TerminalWords.Present(TerminalWords.Local, terminal.UInt32())}, ...}}");

    private static void WriteWindow(CallText text, StructureReader window) => text
        .Write($"{{ws_row={window.UInt16()}, ws_col={window.UInt16()}, ws_xpixel={window.UInt16()}, ws_ypixel={window.UInt16()}}}");
}
