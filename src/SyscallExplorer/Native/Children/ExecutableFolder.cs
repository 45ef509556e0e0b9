namespace SyscallExplorer;

/// <summary>A private folder whose files may be executed; it is gone when nobody needs it any longer.</summary>
internal sealed class ExecutableFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private readonly string _path;
    private int _files;

    private ExecutableFolder(string path) => _path = path;

    /// <summary>Where programs are tried in turn: some hosts mount the folder of temporary files so that nothing in it may be executed.</summary>
    public static IReadOnlyList<string> Candidates =>
    [
        .. new[] { Path.GetTempPath(), Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"), Cache, "/dev/shm", "/var/tmp" }
            .Where(path => !string.IsNullOrEmpty(path)).Select(path => Path.TrimEndingDirectorySeparator(path!)).Distinct(),
    ];

    private static string? Cache => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? Path.Combine(home, ".cache") : null;

    /// <summary>Makes a folder where a program really runs.</summary>
    /// <param name="candidates">The folders to make it in.</param>
    /// <param name="problem">Why there is none, or null.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public static ExecutableFolder? TryMake(IEnumerable<string> candidates, out string? problem, CancellationToken cancellation)
    {
        var failures = new List<string>();
        foreach (string candidate in candidates)
        {
            ExecutableFolder? folder = null;
            try
            {
                string path = Path.Combine(candidate, $"sysx-native-{Path.GetRandomFileName()}");
                if (OperatingSystem.IsWindows() || !Directory.Exists(candidate))
                    throw new IOException("there is no such folder of Linux");
                Directory.CreateDirectory(path, OwnerOnly);
                folder = new ExecutableFolder(path);
                if (folder.Run(Probe(), s_limit, maxBytes: 0, cancellation).Failure is not { } failure)
                {
                    problem = null;
                    return folder;
                }

                failures.Add($"{candidate} ({failure})");
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                failures.Add($"{candidate} ({error.Message})");
            }
            catch (OperationCanceledException)
            {
                folder?.Dispose();
                throw;
            }

            folder?.Dispose();
        }

        problem = $"the kit measures with small programs of its own, and found no folder where it may write and execute one. Tried: {string.Join(", ", failures)}. "
            + "Set TMPDIR to a folder on a file system that is not mounted noexec";
        return null;
    }

    /// <summary>Writes a program, runs it and removes it.</summary>
    public ChildEnd Run(byte[] program, TimeSpan limit, int maxBytes, CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("The measuring programs are programs for Linux.");
        string path = Path.Combine(_path, $"p{_files++}");
        try
        {
            using (var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
                file.Write(program);
            return ChildProcess.Run(path, limit, maxBytes, cancellation);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(_path, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What cannot be removed is empty, and the system's own cleaning takes it.
        }
    }

    /// <summary>A program that ends at once.</summary>
    private static byte[] Probe()
    {
        var a = new ChildAssembler(64);
        a.Call("exit_group", 0);
        return a.Finish();
    }
}
