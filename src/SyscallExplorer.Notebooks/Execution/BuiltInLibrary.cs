using System.Reflection;

namespace SyscallExplorer.Notebooks;

/// <summary>The kit's own packages: a notebook that names them gets what is built into the host.</summary>
internal static class BuiltInLibrary
{
    private static readonly string[] s_packages = ["SyscallExplorer", "SyscallExplorer.Linux", "SyscallExplorer.Machine"];

    /// <summary>The version of the kit, without the mark of the commit.</summary>
    internal static string Version { get; } =
        typeof(LabInputs).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The version of the host.</summary>
    internal static string HostVersion { get; } =
        typeof(BuiltInLibrary).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    internal static bool Has(string package) => s_packages.Contains(package, StringComparer.OrdinalIgnoreCase);

    /// <returns>A sentence when the notebook asks for a later version than there is, else null.</returns>
    internal static string? Refuse(PackageReference package)
    {
        string[] numbers = (package.Version ?? "").Split('-');
        bool isLater = System.Version.TryParse(numbers[0], out Version? asked) && System.Version.TryParse(Version.Split('-')[0], out Version? have) && asked > have;
        return isLater ? $"the notebook asks for {package.Id} {package.Version}, and this host carries version {Version}; update sysx." : null;
    }
}
