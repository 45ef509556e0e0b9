namespace SyscallExplorer.Linux;

/// <summary>
/// The first line of a script, <c>#! interpreter [optional-argument]</c>, as Linux 5.1 and later read it. execve(2), and observation.
/// </summary>
/// <param name="Path">The interpreter's name. An empty one is that of the working directory, which cannot be executed.</param>
/// <param name="Argument">All that follows, as one argument, or null.</param>
internal sealed record ScriptInterpreter(ReadOnlyMemory<byte> Path, ReadOnlyMemory<byte>? Argument)
{
    /// <summary>What the kernel reads of a file to find out what it is.</summary>
    public const int HeadSize = 256;

    /// <summary>How many scripts may be interpreters of each other; with one more there is ELOOP.</summary>
    public const int MaxDepth = 5;

    /// <summary>Whether a file begins as a script does.</summary>
    public static bool IsScript(ReadOnlySpan<byte> head) => head.StartsWith("#!"u8);

    /// <summary>Reads the first line.</summary>
    /// <param name="file">The file, of which the first 256 bytes count.</param>
    /// <returns>Null for -ENOEXEC: it is no script, names no interpreter, or its name may have been cut off.</returns>
    public static ScriptInterpreter? Parse(ReadOnlySpan<byte> file)
    {
        if (!IsScript(file))
            return null;

        // Behind a short file the kernel sees zeroes, and a zero ends a string wherever it stands.
        byte[] head = new byte[HeadSize];
        file[..Math.Min(file.Length, HeadSize)].CopyTo(head);
        if (LineEnd(head) is not { } end)
            return null;
        ReadOnlySpan<byte> line = head.AsSpan(0, end);
        int name = SkipBlanks(line, 2);
        if (name == line.Length)
            return null;
        int nameEnd = FindBlankOrZero(line, name);
        ReadOnlyMemory<byte> path = head.AsMemory(name, nameEnd - name);
        if (nameEnd == line.Length || line[nameEnd] == 0)
            return new ScriptInterpreter(path, null);
        int argument = SkipBlanks(line, nameEnd);
        return new ScriptInterpreter(path, UpToZero(head.AsMemory(argument, end - argument)));
    }

    /// <summary>argv of the interpreter: its name, the argument, the script's name, and what the script was given but for argv[0].</summary>
    public IEnumerable<ReadOnlyMemory<byte>> ArgumentsFor(ReadOnlyMemory<byte> scriptName, IEnumerable<ReadOnlyMemory<byte>> arguments) =>
        [Path, .. Argument is { } argument ? [argument] : Array.Empty<ReadOnlyMemory<byte>>(), scriptName, .. arguments.Skip(1)];

    /// <summary>Where the line ends without the blanks at its end, or null when it has no end that could be trusted.</summary>
    private static int? LineEnd(ReadOnlySpan<byte> head)
    {
        const int last = HeadSize - 1;
        int end = head.IndexOfAny((byte)'\n', (byte)0);
        if (end < 0 || head[end] == 0)
        {
            // Without a newline the name must at least end: what is behind it may be cut off, and the name may not.
            int name = SkipBlanks(head, 2);
            if (name == head.Length || FindBlankOrZero(head, name) == head.Length)
                return null;
            end = last;
        }

        while (IsBlank(head[end - 1]))
            end--;
        return end;
    }

    private static int SkipBlanks(ReadOnlySpan<byte> text, int from)
    {
        while (from < text.Length && IsBlank(text[from]))
            from++;
        return from;
    }

    private static int FindBlankOrZero(ReadOnlySpan<byte> text, int from)
    {
        while (from < text.Length && !IsBlank(text[from]) && text[from] != 0)
            from++;
        return from;
    }

    private static ReadOnlyMemory<byte> UpToZero(ReadOnlyMemory<byte> bytes)
    {
        int zero = bytes.Span.IndexOf((byte)0);
        return zero < 0 ? bytes : bytes[..zero];
    }

    private static bool IsBlank(byte value) => value is (byte)' ' or (byte)'\t';
}
