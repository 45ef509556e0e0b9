using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>An ELF program with what execve gives it.</summary>
public sealed class ElfProgram
{
    /// <summary>Makes a program.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its name inside the machine, from which /proc/self/exe follows; relative names start at the root.</param>
    /// <param name="arguments">argv, the program's name included; none means the path alone.</param>
    /// <param name="environment">Strings such as HOME=/; none by default, since the host's must not reach the guest unasked.</param>
    /// <exception cref="ArgumentException">The strings are too long, or one has a zero within.</exception>
    public ElfProgram(ElfFile file, string path, IReadOnlyList<string>? arguments = null, IReadOnlyList<string>? environment = null)
    {
        File = file;
        Path = path;
        Arguments = arguments is null or [] ? [path] : arguments;
        Environment = environment ?? [];
        if (Arguments.Concat(Environment).Append(Path).FirstOrDefault(text => text.Contains('\0', StringComparison.Ordinal)) is { } cut)
            throw new ArgumentException($"The string '{cut.Replace('\0', '?')}' has a zero within, where programs see its end.");
        Strings = new StartStrings(BytesOf(Path), [.. Arguments.Select(BytesOf)], [.. Environment.Select(BytesOf)]);
        if (Strings.Refusal(UserSpace.StackSize) is { } refusal)
            throw new ArgumentException(refusal);
    }

    /// <summary>The file.</summary>
    public ElfFile File { get; }

    /// <summary>Its name, as execve was given it.</summary>
    public string Path { get; }

    /// <summary>argv.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>envp.</summary>
    public IReadOnlyList<string> Environment { get; }

    /// <summary>All of them as the guest gets them.</summary>
    internal StartStrings Strings { get; }

    private static ReadOnlyMemory<byte> BytesOf(string text) => Encoding.UTF8.GetBytes(text);
}
