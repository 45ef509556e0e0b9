using System.Globalization;
using System.Reflection;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>A row of a system-call table.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name as programs know it.</param>
/// <param name="Abi">common, 64, x32 or i386.</param>
/// <param name="Entry">The kernel's function.</param>
/// <param name="CompatEntry">Another function for 32-bit callers, or empty.</param>
/// <param name="Arguments">Types and names of its arguments where they are described, null where they are not.</param>
public sealed record SyscallEntry(int Number, string Name, string Abi, string Entry, string CompatEntry, IReadOnlyList<string>? Arguments);

/// <summary>The system calls of one kernel for one kind of program.</summary>
public sealed class SyscallTable
{
    private readonly Dictionary<int, SyscallEntry> _byNumber;
    private readonly Dictionary<int, SyscallEntry> _x32;
    private readonly Dictionary<string, SyscallEntry> _byName;

    private SyscallTable(string kernel, string table, IReadOnlyList<SyscallEntry> entries)
    {
        Kernel = kernel;
        Name = table;
        Entries = entries;
        _byNumber = entries.Where(entry => entry.Abi != "x32").ToDictionary(entry => entry.Number);
        _x32 = entries.Where(entry => entry.Abi is "x32" or "common").ToDictionary(entry => entry.Number);
        Size = _byNumber.Keys.Max() + 1;
        X32Size = _x32.Keys.DefaultIfEmpty(-1).Max() + 1;
        _byName = _byNumber.Values.DistinctBy(entry => entry.Name).ToDictionary(entry => entry.Name);
    }

    /// <summary>Such as linux-5.13.</summary>
    public string Kernel { get; }

    /// <summary>x86_64 or i386.</summary>
    public string Name { get; }

    /// <summary>All rows by number, the x32 ones included; holes stay holes.</summary>
    public IReadOnlyList<SyscallEntry> Entries { get; }

    /// <summary>One more than the highest number, those of x32 programs alone left out.</summary>
    internal int Size { get; }

    /// <summary>One more than the highest number of x32 programs, without the bit that marks them; 0 without x32.</summary>
    internal int X32Size { get; }

    /// <summary>The call of a number, or null for a hole.</summary>
    public SyscallEntry? Find(int number) => _byNumber.GetValueOrDefault(number);

    /// <summary>The call of a number for x32 programs, without the bit that marks them; null for a hole, and in a table that has none of theirs.</summary>
    public SyscallEntry? FindX32(int number) => _x32.GetValueOrDefault(number);

    internal SyscallEntry? FindName(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The call of a name.</summary>
    /// <exception cref="ArgumentException">No call has that name; the message names the nearest.</exception>
    public SyscallEntry this[string name] =>
        FindName(name)
        ?? throw new ArgumentException(
            $"The {Name} table of {Kernel} has no system call '{name}'."
            + Suggestion.Question(name, _byNumber.Values.Select(entry => entry.Name)),
            nameof(name));

    /// <summary>Reads the table that the library carries.</summary>
    internal static SyscallTable Load(string kernel, string table)
    {
        string resource = $"syscalls/{kernel}-{table}.csv";
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The library carries no table {resource}.");
        using var reader = new StreamReader(stream);
        return Parse(kernel, table, reader.ReadToEnd());
    }

    internal static SyscallTable Parse(string kernel, string table, string text)
    {
        const int columns = 8;
        var entries = new List<SyscallEntry>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1))
        {
            string[] fields = line.TrimEnd('\r').Split(',');
            if (fields.Length != columns || !int.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                throw new FormatException($"{kernel}-{table}.csv: the line '{line}' has not the {columns} columns of its heading.");
            entries.Add(new SyscallEntry(number, fields[4], fields[2], fields[5], fields[6], ArgumentsOf(fields[7])));
        }

        return new SyscallTable(kernel, table, entries);
    }

    private static IReadOnlyList<string>? ArgumentsOf(string field) => field switch
    {
        "" => null,
        "void" => [],
        _ => field.Split("; "),
    };
}
