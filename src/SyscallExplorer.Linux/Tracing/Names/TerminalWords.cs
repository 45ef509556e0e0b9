namespace SyscallExplorer.Linux;

/// <summary>Names of a terminal's modes and of requests to devices. man 3 termios, man 4 tty_ioctl.</summary>
internal static class TerminalWords
{
    private const uint BaudMask = 0x100f;

    public static FlagNames Input { get; } = new("",
        ("IGNBRK", 1), ("BRKINT", 2), ("IGNPAR", 4), ("PARMRK", 8), ("INPCK", 0x10), ("ISTRIP", 0x20), ("INLCR", 0x40), ("IGNCR", 0x80),
        ("ICRNL", 0x100), ("IUCLC", 0x200), ("IXON", 0x400), ("IXANY", 0x800), ("IXOFF", 0x1000), ("IMAXBEL", 0x2000), ("IUTF8", 0x4000));

    public static FlagNames Output { get; } = new("",
        ("OPOST", 1), ("OLCUC", 2), ("ONLCR", 4), ("OCRNL", 8), ("ONOCR", 0x10), ("ONLRET", 0x20), ("OFILL", 0x40), ("OFDEL", 0x80));

    public static FlagNames Control { get; } = new("",
        ("CSTOPB", 0x40), ("CREAD", 0x80), ("PARENB", 0x100), ("PARODD", 0x200), ("HUPCL", 0x400), ("CLOCAL", 0x800), ("CMSPAR", 0x40000000),
        ("CRTSCTS", 0x80000000));

    public static FlagNames Local { get; } = new("",
        ("ISIG", 1), ("ICANON", 2), ("ECHO", 8), ("ECHOE", 0x10), ("ECHOK", 0x20), ("ECHONL", 0x40), ("NOFLSH", 0x80), ("TOSTOP", 0x100),
        ("IEXTEN", 0x8000), ("XCASE", 4), ("ECHOCTL", 0x200), ("ECHOPRT", 0x400), ("ECHOKE", 0x800), ("FLUSHO", 0x1000), ("PENDIN", 0x4000),
        ("EXTPROC", 0x10000));

    public static ValueNames CharacterSizes { get; } = ValueNames.Of("CS???", ("CS5", 0), ("CS6", 0x10), ("CS7", 0x20), ("CS8", 0x30));

    private static readonly string[] s_bauds =
        ["B0", "B50", "B75", "B110", "B134", "B150", "B200", "B300", "B600", "B1200", "B1800", "B2400", "B4800", "B9600", "B19200", "B38400"];

    private static readonly string[] s_fasterBauds =
        ["", "B57600", "B115200", "B230400", "B460800", "B500000", "B576000", "B921600", "B1000000", "B1152000", "B1500000", "B2000000", "B2500000", "B3000000", "B3500000", "B4000000"];

    private static readonly (string[] Names, uint Mask, int Shift)[] s_delays =
    [
        (["NL0", "NL1"], 0x100, 8), (["CR0", "CR1", "CR2", "CR3"], 0x600, 9), (["TAB0", "TAB1", "TAB2", "TAB3"], 0x1800, 11), (["BS0", "BS1"], 0x2000, 13),
        (["VT0", "VT1"], 0x4000, 14), (["FF0", "FF1"], 0x8000, 15),
    ];

    public static ValueNames Actions { get; } = ValueNames.From(0, "TC???", "TCOOFF", "TCOON", "TCIOFF", "TCION");

    public static ValueNames Queues { get; } = ValueNames.From(0, "TC???", "TCIFLUSH", "TCOFLUSH", "TCIOFLUSH");

    /// <summary>Names of requests, all of them numbers without a size.</summary>
    public static ValueNames Requests { get; } = ValueNames.Of("",
        ("FIBMAP", 1), ("FIGETBSZ", 2), ("TCGETS", 0x5401), ("SNDCTL_TMR_START or TCSETS", 0x5402), ("SNDCTL_TMR_STOP or TCSETSW", 0x5403),
        ("SNDCTL_TMR_CONTINUE or TCSETSF", 0x5404), ("TCGETA", 0x5405), ("TCSETA", 0x5406), ("TCSETAW", 0x5407), ("TCSETAF", 0x5408),
        ("TCSBRK", 0x5409), ("TCXONC", 0x540a), ("TCFLSH", 0x540b), ("TIOCEXCL", 0x540c), ("TIOCNXCL", 0x540d), ("TIOCSCTTY", 0x540e),
        ("TIOCGPGRP", 0x540f), ("TIOCSPGRP", 0x5410), ("TIOCOUTQ", 0x5411), ("TIOCSTI", 0x5412), ("TIOCGWINSZ", 0x5413), ("TIOCSWINSZ", 0x5414),
        ("TIOCMGET", 0x5415), ("TIOCMBIS", 0x5416), ("TIOCMBIC", 0x5417), ("TIOCMSET", 0x5418), ("FIONREAD", 0x541b), ("TIOCCONS", 0x541d),
        ("TIOCPKT", 0x5420), ("FIONBIO", 0x5421), ("TIOCNOTTY", 0x5422), ("TIOCSETD", 0x5423), ("TIOCGETD", 0x5424), ("TCSBRKP", 0x5425),
        ("TIOCSBRK", 0x5427), ("TIOCCBRK", 0x5428), ("TIOCGSID", 0x5429), ("TIOCVHANGUP", 0x5437), ("FIONCLEX", 0x5450), ("FIOCLEX", 0x5451),
        ("FIOASYNC", 0x5452), ("FIOQSIZE", 0x5460), ("TIOCGPTN", 0x80045430), ("TIOCSPTLCK", 0x40045431), ("TIOCGPTPEER", 0x5441),
        ("FIOSETOWN", 0x8901), ("SIOCSPGRP", 0x8902), ("FIOGETOWN", 0x8903), ("SIOCGPGRP", 0x8904), ("SIOCATMARK", 0x8905), ("SIOCGIFCONF", 0x8912),
        ("SIOCGIFFLAGS", 0x8913), ("SIOCGIFADDR", 0x8915), ("SIOCGIFINDEX", 0x8933), ("BTRFS_IOC_CLONE or FICLONE", 0x40049409),
        ("FS_IOC_GETFLAGS", 0x80086601), ("FS_IOC_SETFLAGS", 0x40086602), ("BLKGETSIZE64", 0x80081272), ("BLKGETSIZE", 0x1260), ("BLKSSZGET", 0x1268),
        ("BLKPBSZGET", 0x127b));

    /// <summary>Delays and flags of the output, such as <c>NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR</c>.</summary>
    public static string OutputModes(uint value)
    {
        IEnumerable<string> delays = s_delays.Select(delay => delay.Names[(value & delay.Mask) >> delay.Shift]);
        return string.Join('|', delays) + "|" + Present(Output, value & ~s_delays.Aggregate(0u, (mask, delay) => mask | delay.Mask));
    }

    /// <summary>Speed, size and flags, such as <c>B38400|CS8|CREAD</c>.</summary>
    public static string ControlModes(uint value)
    {
        const uint sizeMask = 0x30, faster = 0x1000, low = 15;
        string speed = (value & faster) == 0 ? s_bauds[value & low] : s_fasterBauds[value & low];
        return $"{speed}|{CharacterSizes.Format(value & sizeMask)}|{Present(Control, value & ~(BaudMask | sizeMask))}";
    }

    /// <summary>Flags, or nothing at all without any.</summary>
    public static string Present(FlagNames names, uint value) => value == 0 ? "" : names.Format(value);
}
