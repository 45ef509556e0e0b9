using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Debian's static BusyBox, a hundred programs in one.</summary>
internal static class BusyBox
{
    /// <summary>Where it is; without it the test is skipped, and in continuous integration it fails.</summary>
    internal static string Path
    {
        get
        {
            Skip.IfNot(OperatingSystem.IsLinux(), "BusyBox runs on Linux.");
            return Tools.Require("busybox");
        }
    }
}
