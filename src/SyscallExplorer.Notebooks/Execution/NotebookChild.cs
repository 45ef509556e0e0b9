using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SyscallExplorer.Notebooks;

/// <summary>The process in which a notebook runs: it takes a job from its parent and tells it everything that happens.</summary>
public static class NotebookChild
{
    /// <summary>The first argument of such a process; the second is the name of the pipe to its parent.</summary>
    public const string Verb = "__run-cells";

    /// <summary>Runs the job that waits at the other end of the pipe.</summary>
    /// <param name="pipeName">The pipe's name.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string pipeName)
    {
        ArgumentException.ThrowIfNullOrEmpty(pipeName);
        await using var pipe = new NamedPipeClientStream(".", pipeName, PipeDirection.InOut, PipeOptions.Asynchronous);
        await pipe.ConnectAsync(60_000);
        using var reader = new StreamReader(pipe, Encoding.UTF8, leaveOpen: true);
        Job job = JsonSerializer.Deserialize<Job>(await reader.ReadLineAsync() ?? throw new EndOfStreamException("The parent sent no job."))!;
        EndWithParent(reader);
        // A terminal interrupts both processes at once; what to do about it is the parent's decision.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        var channel = new Channel(pipe);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => channel.Send(new ProcessExiting(Environment.ExitCode));
        await RunAsync(job, channel);
        channel.Send(new JobDone());
        // Threads that a cell has left running do not keep the process.
        Environment.Exit(0);
        return 0;
    }

    private static async Task RunAsync(Job job, Channel channel)
    {
        Stream output = Console.OpenStandardOutput();
        Stream error = Console.OpenStandardError();
        byte[] marker = Encoding.UTF8.GetBytes(job.Marker + "\n");
        var session = new ScriptSession(job.Folder, channel);
        NotebookDisplay.Sink = session;
        foreach (JobCell cell in job.Cells)
        {
            Console.SetOut(new MessageWriter(channel, "stdout"));
            Console.SetError(new MessageWriter(channel, "stderr"));
            channel.Send(new CellStarted(cell.Index));
            Message end = await RunAsync(session, cell);
            // What native code wrote to the process's own streams belongs to this cell: the marker closes it there.
            output.Write(marker);
            error.Write(marker);
            channel.Send(end);
            if (end is CellFailed)
                return;
        }
    }

    private static async Task<Message> RunAsync(ScriptSession session, JobCell cell)
    {
        try
        {
            return await session.RunAsync(cell.Source, cell.Language, cell.Label) is { } f
                ? new CellFailed(cell.Index, f.Line, f.Name, f.Value, f.Traceback)
                : new CellFinished(cell.Index);
        }
        catch (PackageException e) when (cell.MayLackPackages)
        {
            return new CellSkipped(cell.Index, e.Message);
        }
        catch (PackageException e)
        {
            string sentence = $"the packages of this cell cannot be restored: {e.Message}";
            return new CellFailed(cell.Index, null, "PackageError", sentence, [sentence]);
        }
    }

    private static void EndWithParent(StreamReader reader)
    {
        var watch = new Thread(() =>
        {
            try
            {
                reader.Read();
            }
            catch (IOException)
            {
                // A broken pipe says the same.
            }
            System.Diagnostics.Process.GetCurrentProcess().Kill();
        })
        { IsBackground = true, Name = "parent watch" };
        watch.Start();
    }
}
