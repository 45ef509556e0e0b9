using System.Buffers.Binary;
using System.Text;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Keys of the auxiliary vector. include/uapi/linux/auxvec.h.</summary>
internal static class AuxiliaryKey
{
    public const int Null = 0;
    public const int ProgramHeaders = 3;
    public const int ProgramHeaderSize = 4;
    public const int ProgramHeaderCount = 5;
    public const int PageSize = 6;
    public const int Base = 7;
    public const int Flags = 8;
    public const int Entry = 9;
    public const int Uid = 11;
    public const int Euid = 12;
    public const int Gid = 13;
    public const int Egid = 14;
    public const int Platform = 15;
    public const int HardwareCapabilities = 16;
    public const int ClockTick = 17;
    public const int Secure = 23;
    public const int Random = 25;
    public const int HardwareCapabilities2 = 26;
    public const int ExecutableName = 31;
}

/// <summary>
/// What a program finds on its stack: argc, argv, envp and the auxiliary vector, and above them the strings. System V ABI, Process
/// Initialization; the order of the vector is Linux'. There is no vDSO, hence neither AT_SYSINFO_EHDR nor AT_SYSINFO.
/// </summary>
internal sealed class InitialStack
{
    private const ulong Alignment = 16;
    private const int RandomBytes = 16;

    private readonly ulong _top;
    private readonly int _wordSize;
    private readonly byte[] _bytes;
    private ulong _pointer;

    private InitialStack(ulong top, int wordSize, int capacity)
    {
        (_top, _wordSize) = (top, wordSize);
        _bytes = new byte[capacity];
        _pointer = top;
    }

    /// <summary>The stack pointer at the first instruction.</summary>
    public ulong Pointer => _pointer;

    /// <summary>The bytes from the stack pointer to the top of the stack.</summary>
    public ReadOnlySpan<byte> Content => _bytes.AsSpan(_bytes.Length - (int)(_top - _pointer));

    /// <summary>Builds the stack of a program.</summary>
    /// <param name="program">The program.</param>
    /// <param name="top">Address behind the stack.</param>
    /// <param name="bias">What was added to the file's addresses.</param>
    /// <param name="machine">Whose processor and features the vector tells of.</param>
    public static InitialStack Build(ElfProgram program, ulong top, ulong bias, LinuxMachine machine)
    {
        const int perString = 16, fixedPart = 1024;
        int strings = program.Arguments.Concat(program.Environment).Append(program.Path).Sum(text => Encoding.UTF8.GetByteCount(text) + perString);
        var stack = new InitialStack(top, program.File.Bitness / 8, strings + fixedPart);
        stack.Fill(program, bias, machine);
        return stack;
    }

    private void Fill(ElfProgram program, ulong bias, LinuxMachine machine)
    {
        // The kernel leaves an empty pointer at the very end.
        _pointer -= (ulong)_wordSize;
        ulong name = PushString(program.Path);
        ulong[] environment = PushStrings(program.Environment);
        ulong[] arguments = PushStrings(program.Arguments);
        _pointer &= ~(Alignment - 1);
        ulong platform = PushString(program.File.Bitness == 64 ? "x86_64" : "i686");
        byte[] random = new byte[RandomBytes];
        SeededBytes.Fill(machine.Seed, SeededBytes.AtRandom, 0, random);
        ulong randomAddress = Push(random);

        (int Key, ulong Value)[] vector = Vector(program.File, bias, machine, name, platform, randomAddress);
        int words = 1 + arguments.Length + 1 + environment.Length + 1 + vector.Length * 2;
        _pointer = (_pointer - (ulong)(words * _wordSize)) & ~(Alignment - 1);
        ulong place = _pointer;
        place = Write(place, (ulong)arguments.Length);
        foreach (ulong argument in arguments)
            place = Write(place, argument);
        place = Write(place, 0);
        foreach (ulong variable in environment)
            place = Write(place, variable);
        place = Write(place, 0);
        foreach ((int key, ulong value) in vector)
            place = Write(Write(place, (ulong)key), value);
    }

    private static (int Key, ulong Value)[] Vector(ElfFile file, ulong bias, LinuxMachine machine, ulong name, ulong platform, ulong random)
    {
        const uint features = 1;
        const ulong userMayUseFsGsBase = 1 << 1;
        const ulong ticksPerSecond = 100;
        ElfSegment first = file.Segments[0];
        return
        [
            (AuxiliaryKey.HardwareCapabilities, machine.Processor.Model.Cpuid(features, 0).Edx),
            (AuxiliaryKey.PageSize, KernelLayout.PageSize),
            (AuxiliaryKey.ClockTick, ticksPerSecond),
            (AuxiliaryKey.ProgramHeaders, first.Address - first.Offset + bias + file.ProgramHeaderOffset),
            (AuxiliaryKey.ProgramHeaderSize, (ulong)file.ProgramHeaderSize),
            (AuxiliaryKey.ProgramHeaderCount, (ulong)file.ProgramHeaderCount),
            (AuxiliaryKey.Base, 0),
            (AuxiliaryKey.Flags, 0),
            (AuxiliaryKey.Entry, file.EntryPoint + bias),
            (AuxiliaryKey.Uid, TaskIdentity.Uid),
            (AuxiliaryKey.Euid, TaskIdentity.Uid),
            (AuxiliaryKey.Gid, TaskIdentity.Gid),
            (AuxiliaryKey.Egid, TaskIdentity.Gid),
            (AuxiliaryKey.Secure, 0),
            (AuxiliaryKey.Random, random),
            (AuxiliaryKey.HardwareCapabilities2, machine.Features.Contains(KernelFeature.Fsgsbase) ? userMayUseFsGsBase : 0),
            (AuxiliaryKey.ExecutableName, name),
            (AuxiliaryKey.Platform, platform),
            (AuxiliaryKey.Null, 0),
        ];
    }

    /// <summary>Strings from the last to the first, so that they stand in memory in their order.</summary>
    private ulong[] PushStrings(IReadOnlyList<string> strings)
    {
        ulong[] addresses = new ulong[strings.Count];
        for (int i = strings.Count - 1; i >= 0; i--)
            addresses[i] = PushString(strings[i]);
        return addresses;
    }

    private ulong PushString(string text) => Push([.. Encoding.UTF8.GetBytes(text), 0]);

    private ulong Push(ReadOnlySpan<byte> bytes)
    {
        _pointer -= (ulong)bytes.Length;
        bytes.CopyTo(At(_pointer));
        return _pointer;
    }

    private ulong Write(ulong place, ulong value)
    {
        if (_wordSize == 8)
            BinaryPrimitives.WriteUInt64LittleEndian(At(place), value);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(At(place), (uint)value);
        return place + (ulong)_wordSize;
    }

    private Span<byte> At(ulong address) => _bytes.AsSpan(_bytes.Length - (int)(_top - address));
}
