using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using SyscallExplorer.Linux;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Runs a program on the host, by real strace or by <c>tracer.c</c> with the kit's text, and returns the log.</summary>
internal static class HostTracer
{
    /// <summary>What strace says.</summary>
    internal static string Strace(string folder, params string[] command)
    {
        string log = Path.Combine(folder, "strace.log");

        // tracer.c needs its standard output for itself, so that programs write to /dev/null under both.
        using Process process = Start("/bin/sh", folder, ["-c", "unset PWD; exec \"$@\" > /dev/null", "sh", Tools.Require("strace"), "-f", "-o", log, .. command]);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Close();
        process.WaitForExit();
        output.Wait();
        return File.ReadAllText(log);
    }

    /// <summary>What the kit says of the same calls.</summary>
    internal static string Kit(string folder, params string[] command)
    {
        using Process tracer = Start(Compiled.Get("tracer", new Variant("glibc", 64, 0)), folder, command);
        var log = new StraceLog(StraceOptions.Default);
        while (tracer.StandardOutput.ReadLine() is { } line)
        {
            log = Record(log, line.Split(' '));
            tracer.StandardInput.WriteLine();
            tracer.StandardInput.Flush();
        }

        tracer.WaitForExit();
        return log.ToString();
    }

    private static StraceLog Record(StraceLog log, string[] fields)
    {
        int pid = Number(fields[1]);
        switch (fields[0])
        {
            case "E":
                bool compat = fields[2] == "1";
                int number = Number(fields[3]);
                SyscallTable table = compat ? Kernels.Linux_5_13.Table32 : Kernels.Linux_5_13.Table64;
                ImmutableArray<ulong> arguments = [.. fields[4..10].Select(field => compat ? (uint)Word(field) : Word(field))];
                var call = new SyscallInvocation(pid, compat, number, table.Find(number)?.Name, arguments, Word(fields[10]), 0);
                return log.Enter(call, new ProcessMemory(pid, compat ? 4 : 8));
            case "X":
                return log.Leave(pid, long.Parse(fields[2], CultureInfo.InvariantCulture), new ProcessMemory(pid, 8), 0);
            case "S":
                return log.Signal(pid, SignalInformation.Parse(Convert.FromHexString(fields[2]), isCompat: false));
            case "G":
                return log.Stopped(pid, Number(fields[2]));
            case "T":
                return log.Exited(pid, Number(fields[2]));
            case "K":
                return log.Killed(pid, Number(fields[2]), coreDumped: fields[3] == "1");
            default:
                throw new InvalidOperationException($"The tracer said '{string.Join(' ', fields)}', which is none of its events.");
        }
    }

    private static int Number(string field) => (int)long.Parse(field, CultureInfo.InvariantCulture);

    private static ulong Word(string field) => ulong.Parse(field, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static Process Start(string program, string folder, params string[] arguments)
    {
        ProcessStartInfo start = Tools.OnHost(program, arguments);
        start.WorkingDirectory = folder;
        start.RedirectStandardInput = start.RedirectStandardOutput = true;
        start.Environment.Clear();
        start.Environment["TZ"] = "UTC";
        start.Environment["PATH"] = "/usr/bin:/bin";
        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
    }

    /// <summary>The memory of a stopped process, through /proc.</summary>
    private sealed class ProcessMemory(int pid, int wordSize) : ISyscallMemory
    {
        public int WordSize => wordSize;

        public bool TryRead(ulong address, Span<byte> destination)
        {
            if (address > long.MaxValue)
                return false;
            try
            {
                using var memory = new FileStream($"/proc/{pid}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
                memory.Seek((long)address, SeekOrigin.Begin);
                memory.ReadExactly(destination);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        }
    }
}
