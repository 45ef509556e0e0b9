using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>How a child ended.</summary>
/// <param name="Output">What it wrote, up to the bytes that are read of it.</param>
/// <param name="Failure">Why there is nothing to read, in a few words; null when it ended by itself and well.</param>
/// <param name="StartError">The error number of a program that did not start, or 0.</param>
internal sealed record ChildEnd(byte[] Output, string? Failure, int StartError = 0)
{
    /// <summary>The signal that ended it, or 0.</summary>
    public int Signal { get; init; }

    /// <summary>The code that it ended with by itself, or 0.</summary>
    public int ExitCode { get; init; }
}

/// <summary>Runs a program of the kit's own: with no environment, for a limited time, and with an eye on how much it writes.</summary>
internal static class ChildProcess
{
    private const int StartAttempts = 50;

    /// <summary>.NET gives 128 and the number for a process that a signal ended.</summary>
    private const int SignalBase = 128;

    public static ChildEnd Run(string path, TimeSpan limit, int maxBytes, CancellationToken cancellation)
    {
        Process process;
        try
        {
            process = Start(path);
        }
        catch (Win32Exception error)
        {
            return new ChildEnd([], $"the program did not start: {error.Message}", error.NativeErrorCode);
        }

        using (process)
        using (var clock = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            clock.CancelAfter(limit);
            try
            {
                byte[] output = Read(process, maxBytes, clock.Token);
                process.WaitForExitAsync(clock.Token).GetAwaiter().GetResult();
                return End(process.ExitCode, output);
            }
            catch (OperationCanceledException)
            {
                cancellation.ThrowIfCancellationRequested();
                return new ChildEnd([], string.Create(CultureInfo.InvariantCulture, $"it had not ended after {limit.TotalSeconds} s"));
            }
            finally
            {
                Kill(process);
            }
        }
    }

    private static ChildEnd End(int exitCode, byte[] output) => exitCode switch
    {
        0 => new ChildEnd(output, null),
        > SignalBase and <= SignalBase + 64 => new ChildEnd(output, SignalNumbers.Name(exitCode - SignalBase)) { Signal = exitCode - SignalBase },
        _ => new ChildEnd(output, $"it ended with exit code {exitCode}") { ExitCode = exitCode },
    };

    private static byte[] Read(Process process, int maxBytes, CancellationToken cancellation)
    {
        byte[] bytes = new byte[maxBytes + 1];
        int count = 0;
        while (count < bytes.Length)
        {
            int read = process.StandardOutput.BaseStream.ReadAsync(bytes.AsMemory(count), cancellation).AsTask().GetAwaiter().GetResult();
            if (read == 0)
                return bytes[..count];
            count += read;
        }

        // It writes more than it may; nobody waits for the rest.
        Kill(process);
        return bytes;
    }

    private static void Kill(Process process)
    {
        try
        {
            if (process.HasExited)
                return;
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception)
        {
            // It ended at the same moment.
        }
    }

    /// <summary>
    /// A process that another thread starts at the same moment inherits the descriptor that the file is written through, for as long as it takes to get to its own
    /// program; until then nobody may execute the file.
    /// </summary>
    private static Process Start(string path)
    {
        var start = new ProcessStartInfo(path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return Process.Start(start) ?? throw new Win32Exception("no process came of it");
            }
            catch (Win32Exception error) when (error.NativeErrorCode == Errno.ETXTBSY && attempt < StartAttempts)
            {
                Thread.Sleep(attempt + 1);
            }
        }
    }
}
