using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>The vDSO of the process that the kit runs in.</summary>
internal static class HostVdso
{
    /// <summary>Its pages.</summary>
    public static byte[] Read()
    {
        const string maps = "/proc/self/maps", memory = "/proc/self/mem";
        string? line = OperatingSystem.IsLinux() && File.Exists(maps)
            ? File.ReadLines(maps).FirstOrDefault(line => line.EndsWith("[vdso]", StringComparison.Ordinal)) : null;
        if (line is null)
            throw new PlatformNotSupportedException("This process has no vDSO: only Linux gives one, unless it was booted with vdso=0.");
        string[] range = line.Split(' ')[0].Split('-');
        long start = long.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        byte[] bytes = new byte[long.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) - start];
        using FileStream stream = File.OpenRead(memory);
        stream.Position = start;
        stream.ReadExactly(bytes);
        return bytes;
    }
}
