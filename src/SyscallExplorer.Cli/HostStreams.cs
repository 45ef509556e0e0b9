using System.Runtime.InteropServices;
using SyscallExplorer.Linux;

namespace SyscallExplorer.Cli;

/// <summary>This process's own standard streams for a program, as bytes.</summary>
internal sealed class HostStreams : IProgramStreams
{
    private const int Output = 1;
    private const int Error = 2;

    public byte[] ReadInput()
    {
        using Stream input = Console.OpenStandardInput();
        using var all = new MemoryStream();
        input.CopyTo(all);
        return all.ToArray();
    }

    public bool TryWriteOutput(ReadOnlySpan<byte> bytes) => TryWrite(Output, bytes);

    public bool TryWriteError(ReadOnlySpan<byte> bytes) => TryWrite(Error, bytes);

    /// <summary>The console's stream does not tell that nobody reads any more, and a file's stream does not share its position with its heirs.</summary>
    private static bool TryWrite(int descriptor, ReadOnlySpan<byte> bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            using Stream stream = descriptor == Output ? Console.OpenStandardOutput() : Console.OpenStandardError();
            stream.Write(bytes);
            return true;
        }

        const int interrupted = 4, tryAgainOnLinux = 11, tryAgainOnMac = 35, brokenPipe = 32;
        while (!bytes.IsEmpty)
        {
            nint done = NativeMethods.Write(descriptor, ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length);
            if (done >= 0)
            {
                bytes = bytes[(int)done..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case interrupted:
                    break;
                case tryAgainOnLinux or tryAgainOnMac:
                    Thread.Sleep(1);
                    break;
                case brokenPipe:
                    return false;
                default:
                    throw new IOException($"Standard {(descriptor == Output ? "output" : "error")} cannot be written: {Marshal.GetLastPInvokeErrorMessage()}.");
            }
        }

        return true;
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "write", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern nint Write(int descriptor, ref byte buffer, nuint count);
    }
}
