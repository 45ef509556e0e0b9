using System.Diagnostics;
using System.IO.Pipes;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SyscallExplorer.Notebooks;

/// <summary>The process that runs the cells of one notebook, seen from its parent.</summary>
internal sealed class CellProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_drainLimit = TimeSpan.FromSeconds(3);

    private readonly Process _process;
    private readonly NamedPipeServerStream _pipe;
    private readonly StreamReader _reader;
    private readonly RawCapture _output;
    private readonly RawCapture _error;

    private CellProcess(Process process, NamedPipeServerStream pipe, string marker)
    {
        _process = process;
        _pipe = pipe;
        _reader = new StreamReader(pipe, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: 65536, leaveOpen: true);
        _output = new RawCapture(process.StandardOutput.BaseStream, marker);
        _error = new RawCapture(process.StandardError.BaseStream, marker);
    }

    internal static async Task<CellProcess> StartAsync(string folder, IReadOnlyList<JobCell> cells, RunOptions options)
    {
        string unique = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var pipe = new NamedPipeServerStream($"sysx-{unique}", PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        var start = new ProcessStartInfo(options.ChildCommand[0], [.. options.ChildCommand.Skip(1), NotebookChild.Verb, $"sysx-{unique}"])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in options.Environment)
            start.Environment[name] = value;
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        string marker = $"[end of cell {unique}]";
        var child = new CellProcess(process, pipe, marker);
        await child.ConnectAsync(new Job(folder, marker, cells));
        return child;
    }

    /// <returns>The next message, or null when the process has ended.</returns>
    internal async Task<Message?> ReadAsync(CancellationToken cancel)
    {
        try
        {
            cancel.ThrowIfCancellationRequested();
            return await _reader.ReadLineAsync(cancel) is { } line ? Message.FromLine(line) : null;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            // A process that dies while it writes leaves half a line or a broken pipe.
            return null;
        }
    }

    /// <summary>What the cell that has just ended wrote past <see cref="Console"/>.</summary>
    internal async Task<(string Output, string Error)> TakeRawTextAsync() =>
        (await _output.TakeToMarkerAsync(s_drainLimit), await _error.TakeToMarkerAsync(s_drainLimit));

    /// <summary>Waits for the end and takes the process's last words.</summary>
    internal async Task<(int? ExitCode, string Output, string Error)> EndAsync()
    {
        bool ended = await CompletesAsync(_process.WaitForExitAsync(), TimeSpan.FromSeconds(20));
        await CompletesAsync(Task.WhenAll(_output.Ended, _error.Ended), s_drainLimit);
        return (ended ? _process.ExitCode : null, _output.TakeAll(), _error.TakeAll());
    }

    internal void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or AggregateException or System.ComponentModel.Win32Exception)
        {
            // It has just ended by itself.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!await CompletesAsync(_process.WaitForExitAsync(), TimeSpan.FromSeconds(5)))
            Kill();
        _reader.Dispose();
        await _pipe.DisposeAsync();
        _process.Dispose();
    }

    private async Task ConnectAsync(Job job)
    {
        using var limit = new CancellationTokenSource(s_startLimit);
        Task connected = _pipe.WaitForConnectionAsync(limit.Token);
        await Task.WhenAny(connected, _process.WaitForExitAsync());
        if (!connected.IsCompletedSuccessfully)
        {
            Kill();
            (int? exitCode, string output, string error) = await EndAsync();
            await limit.CancelAsync();
            throw new InvalidOperationException($"The process for the cells did not start (exit code {exitCode}): {output}{error}");
        }
        await _pipe.WriteAsync(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(job) + "\n"));
        await _pipe.FlushAsync();
    }

    private static async Task<bool> CompletesAsync(Task task, TimeSpan limit) => await Task.WhenAny(task, Task.Delay(limit)) == task;
}
