namespace SyscallExplorer.Linux;

/// <summary>A static ELF program with what execve gives it.</summary>
public sealed class ElfProgram
{
    /// <summary>What the kernel allows for one string of arguments or environment, its zero included.</summary>
    private const int MaxString = 128 << 10;

    /// <summary>What all of them may take: a quarter of the stack.</summary>
    private const int MaxStrings = (int)UserSpace.StackSize / 4;

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
        int total = 0;
        foreach (string text in Arguments.Concat(Environment).Append(Path))
        {
            int length = System.Text.Encoding.UTF8.GetByteCount(text) + 1;
            total += length + sizeof(ulong);
            if (text.Contains('\0', StringComparison.Ordinal))
                throw new ArgumentException($"The string '{text.Replace('\0', '?')}' has a zero within, where programs see its end.");
            if (length > MaxString)
                throw new ArgumentException($"An argument has {length} bytes; the kernel takes at most {MaxString} for one.");
        }

        if (total > MaxStrings)
            throw new ArgumentException($"The arguments and the environment take {total} bytes; the kernel takes at most {MaxStrings}, a quarter of the stack.");
    }

    /// <summary>The file.</summary>
    public ElfFile File { get; }

    /// <summary>Its name, as execve was given it.</summary>
    public string Path { get; }

    /// <summary>argv.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>envp.</summary>
    public IReadOnlyList<string> Environment { get; }
}
