using System.Buffers.Binary;
using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A range of addresses.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
internal readonly record struct AddressRange(ulong Start, ulong End);

/// <summary>
/// What a program finds on its stack: argc, argv, envp and the auxiliary vector, and above them the strings. System V ABI, Process
/// Initialization.
/// </summary>
internal sealed class InitialStack
{
    private const ulong Alignment = 16;

    /// <summary>The kernel leaves an empty pointer of its own width at the very end, in 32-bit programs too.</summary>
    private const ulong EndMark = sizeof(ulong);

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

    /// <summary>The strings of argv: what /proc/PID/cmdline shows.</summary>
    public AddressRange Arguments { get; private set; }

    /// <summary>The strings of envp: what /proc/PID/environ shows.</summary>
    public AddressRange Environment { get; private set; }

    /// <summary>The auxiliary vector as /proc/PID/auxv shows it.</summary>
    public ImmutableArray<byte> AuxiliaryBytes { get; private set; } = [];

    /// <summary>Address of the lowest string.</summary>
    public static ulong StringsStart(AddressSpaceLayout layout, StartStrings strings) => layout.StackTop - EndMark - (ulong)strings.Size;

    /// <summary>Builds the stack of a program.</summary>
    public static InitialStack Build(StartOfProcess process)
    {
        const int fixedPart = 1024, stackPointerRange = 8192;
        StartStrings strings = process.Strings;
        int pointers = (strings.Arguments.Length + strings.Environment.Length) * sizeof(ulong);
        var stack = new InitialStack(process.Layout.StackTop, process.Bitness / 8, (int)strings.Size + pointers + fixedPart + stackPointerRange);
        stack.Fill(process);
        return stack;
    }

    private void Fill(StartOfProcess process)
    {
        _pointer -= EndMark;
        ulong name = PushString(process.Strings.FileName);
        ulong[] environment = PushStrings(process.Strings.Environment);
        Environment = new AddressRange(_pointer, name);
        ulong[] arguments = PushStrings(process.Strings.Arguments);
        Arguments = new AddressRange(_pointer, Environment.Start);
        _pointer = process.Layout.AlignStackPointer(_pointer);
        ulong platform = Push(process.Bitness == 64 ? "x86_64\0"u8 : "i686\0"u8);
        ulong random = Push(process.RandomBytes.Span);

        ImmutableArray<(int Key, ulong Value)> vector = AuxiliaryVector.Of(process, name, platform, random);
        int words = 1 + arguments.Length + 1 + environment.Length + 1 + vector.Length * 2;
        _pointer = (_pointer - (ulong)(words * _wordSize)) & ~(Alignment - 1);
        ulong place = Write(_pointer, (ulong)arguments.Length);
        foreach (ulong argument in arguments)
            place = Write(place, argument);
        place = Write(place, 0);
        foreach (ulong variable in environment)
            place = Write(place, variable);
        ulong vectorStart = place = Write(place, 0);
        foreach ((int key, ulong value) in vector)
            place = Write(Write(place, (ulong)key), value);
        AuxiliaryBytes = [.. At(vectorStart)[..(int)(place - vectorStart)]];
    }

    /// <summary>Strings from the last to the first, so that they stand in memory in their order.</summary>
    private ulong[] PushStrings(ImmutableArray<ReadOnlyMemory<byte>> strings)
    {
        ulong[] addresses = new ulong[strings.Length];
        for (int i = strings.Length - 1; i >= 0; i--)
            addresses[i] = PushString(strings[i]);
        return addresses;
    }

    private ulong PushString(ReadOnlyMemory<byte> text)
    {
        _pointer--;
        return Push(text.Span);
    }

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
