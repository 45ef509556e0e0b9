using System.Buffers.Binary;
using System.Globalization;

namespace SyscallExplorer.Linux.Tests;

/// <summary>What frame.c saw of a frame that the host's kernel made.</summary>
internal sealed class HostFrame
{
    private readonly Dictionary<string, string> _lines;

    private HostFrame(int bitness, string flags, Dictionary<string, string> lines, bool died)
    {
        Bitness = bitness;
        Flags = flags;
        Died = died;
        _lines = lines;
        Dump = Convert.FromHexString(lines["dump"]);
        Damaged = lines.TryGetValue("damaged", out string? damaged) ? Convert.FromHexString(damaged) : Dump;
        Address = Entry.Sp;
        ulong[] facts = Words("facts");
        (Process, User, Handler, ActionFlags, Restorer) = ((int)facts[0], (uint)facts[1], facts[2], facts[3], facts[4]);
        (Raised, Faulted, StackAddress, Vdso) = (facts[5], facts[6], facts[7], facts[8]);
        FpuAddress = Word(Place(SignalFrame64.FpuPointer, SignalFrame32.MachineContext + 76, SignalFrame32.OldContext + 76));
        int software = ImageOffset + FpuImage.SoftwareReserved;
        Format = new FpuFormat(
            BinaryPrimitives.ReadInt32LittleEndian(Dump.AsSpan(software + 16)), BinaryPrimitives.ReadUInt64LittleEndian(Dump.AsSpan(software + 8)),
            BinaryPrimitives.ReadUInt32LittleEndian(Dump.AsSpan(ImageOffset + FpuImage.Mxcsr + 4)));
    }

    public int Bitness { get; }

    public string Flags { get; }

    public bool HasInfo => Flags.Contains('s', StringComparison.Ordinal);

    public bool IsFault => Flags.Contains('f', StringComparison.Ordinal);

    public bool HasStack => Flags.Contains('a', StringComparison.Ordinal);

    public bool Died { get; }

    public byte[] Dump { get; }

    public byte[] Damaged { get; }

    public ulong Address { get; }

    public ulong InterruptedSp => Words("probe")[0];

    public int Process { get; }

    public uint User { get; }

    public ulong Handler { get; }

    public ulong ActionFlags { get; }

    public ulong Restorer { get; }

    public ulong Raised { get; }

    public ulong Faulted { get; }

    public ulong StackAddress { get; }

    public ulong Vdso { get; }

    public ulong FpuAddress { get; }

    public FpuFormat Format { get; }

    public int ImageOffset => (int)(FpuAddress - Address) + (Bitness == 64 ? 0 : LegacyFloatEnvironment.Size);

    public Registers Entry => new(Words("entry"));

    public Registers After => new(Words("after"));

    public ulong[] Segments => Words("segments");

    public byte[] State => Convert.FromHexString(_lines["state"]);

    public FpuImage Fpu => new(Format, Dump.AsMemory(ImageOffset, Format.Size));

    /// <summary>The registers that frame.c names, in its order.</summary>
    internal sealed record Registers(ulong[] Values)
    {
        public ulong Sp => Values[0];

        public ulong Ax => Values[1];

        public ulong Bx => Values[2];

        public ulong Cx => Values[3];

        public ulong Dx => Values[4];

        public ulong Si => Values[5];

        public ulong Di => Values[6];

        public ulong Bp => Values[7];

        public ulong Flags => Values[8];

        public ulong Cs => Values[9];

        public ulong Ss => Values[10];

        public ulong Ds => Values[11];
    }

    public static HostFrame Get(int bitness, string flags, string damage = "")
    {
        string program = HostCompiler.Compile("frame", bitness, "-O1", "-no-pie", "-mavx", "-w");
        Skip.IfNot(File.ReadAllText("/proc/cpuinfo").Contains(" avx ", StringComparison.Ordinal), "The program keeps YMM registers.");
        string output = HostCompiler.Run(program, flags, damage);
        Dictionary<string, string> lines = output.Split('\n').Select(line => line.Split('=')).Where(parts => parts.Length == 2)
            .ToDictionary(parts => parts[0], parts => parts[1]);
        Assert.True(lines.ContainsKey("dump"), output);
        return new HostFrame(bitness, flags, lines, output.Contains("died", StringComparison.Ordinal));
    }

    /// <summary>A place of one of the three kinds of frame.</summary>
    public int Place(int wide, int compat, int old) => Bitness == 64 ? wide : HasInfo ? compat : old;

    public ulong Word(int offset) => Bitness == 64
        ? BinaryPrimitives.ReadUInt64LittleEndian(Dump.AsSpan(offset))
        : BinaryPrimitives.ReadUInt32LittleEndian(Dump.AsSpan(offset));

    /// <summary>The damaged frame as memory.</summary>
    public bool Read(ulong address, Span<byte> destination)
    {
        ulong offset = address - Address;
        if (offset > (ulong)Damaged.Length || (ulong)destination.Length > (ulong)Damaged.Length - offset)
            return false;
        Damaged.AsSpan((int)offset, destination.Length).CopyTo(destination);
        return true;
    }

    private ulong[] Words(string name) =>
        [.. _lines[name].Split(',').Select(text => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
}
