using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace SyscallExplorer.Silicon;

/// <summary>A running worker and the memory that it shares with the kit.</summary>
internal sealed unsafe class NativeWorker : IDisposable
{
    private static readonly Lazy<byte[]> Program = new(WorkerProgram.Build);

    private const int TextFileBusy = 26;
    private const int StartAttempts = 50;

    private readonly string _folder;
    private readonly string _sharedPath;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _memory;
    private Process _process;

    /// <summary>Starts a worker.</summary>
    /// <exception cref="NativeWorkerException">It cannot be started here.</exception>
    public NativeWorker()
    {
        _folder = Directory.CreateTempSubdirectory("sysx-silicon-").FullName;
        string fast = Directory.Exists("/dev/shm") ? "/dev/shm" : _folder;
        _sharedPath = Path.Combine(fast, $"{Path.GetFileName(_folder)}.shared");
        string programPath = Path.Combine(_folder, "worker");
        File.WriteAllBytes(programPath, Program.Value);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(programPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _file = MemoryMappedFile.CreateFromFile(_sharedPath, FileMode.CreateNew, null, WorkerLayout.SharedSize);
        _view = _file.CreateViewAccessor(0, WorkerLayout.SharedSize);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _memory);
        try
        {
            _process = Start(programPath);
        }
        catch (NativeWorkerException)
        {
            Release();
            throw;
        }
    }

    /// <summary>The shared memory.</summary>
    public byte* Memory => _memory;

    /// <summary>How often the worker died and was started again.</summary>
    public int Deaths { get; private set; }

    /// <summary>Runs all cases of the shared memory.</summary>
    /// <returns>False when the worker died; a new one is there, and the outcomes are not.</returns>
    public bool Run(int count)
    {
        *(ulong*)(_memory + WorkerLayout.CountOffset) = (ulong)count;
        try
        {
            _process.StandardInput.BaseStream.WriteByte(0);
            _process.StandardInput.BaseStream.Flush();
            if (_process.StandardOutput.BaseStream.ReadByte() >= 0)
                return true;
        }
        catch (IOException)
        {
            // A broken pipe says the same as its end.
        }

        _process.WaitForExit();
        LastExitCode = _process.ExitCode;
        _process.Dispose();
        Deaths++;
        _process = Start(Path.Combine(_folder, "worker"));
        return false;
    }

    /// <summary>How the worker that died last ended: its exit code, or 128 and the signal.</summary>
    public int LastExitCode { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(1000))
            _process.Kill();
        _process.Dispose();
        Release();
    }

    private void Release()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        File.Delete(_sharedPath);
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>
    /// A process that another thread starts at the same moment inherits the descriptor that the file is written through, for as long as it takes
    /// to get to its own program; until then nobody may execute the file.
    /// </summary>
    private Process Start(string program)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return Process.Start(new ProcessStartInfo(program, [_sharedPath]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })
                    ?? throw new NativeWorkerException($"{program} did not start.");
            }
            catch (System.ComponentModel.Win32Exception error) when (error.NativeErrorCode == TextFileBusy && attempt < StartAttempts)
            {
                Thread.Sleep(attempt + 1);
            }
            catch (System.ComponentModel.Win32Exception error)
            {
                throw new NativeWorkerException($"{program} did not start: {error.Message}");
            }
        }
    }
}

/// <summary>The worker cannot run here; the message says why.</summary>
public sealed class NativeWorkerException(string message) : Exception(message);
