namespace SyscallExplorer.Linux;

/// <summary>What a boot does about the vsyscall page: the option <c>vsyscall=</c>.</summary>
internal enum VsyscallMode
{
    /// <summary>Its code runs.</summary>
    Native,

    /// <summary>Its bytes can be read; a fetch faults, and the kernel does the call.</summary>
    Emulate,

    /// <summary>The same without a page to read.</summary>
    Xonly,

    /// <summary>There is no page and no call.</summary>
    None,
}

/// <summary>Which modes the versions have. Documentation/admin-guide/kernel-parameters.txt of the versions named.</summary>
internal static class VsyscallModes
{
    /// <summary>The option's name.</summary>
    public const string Option = "vsyscall";

    private static readonly Version s_option = new(3, 1), s_noNative = new(4, 16), s_xonly = new(5, 3);

    /// <summary>What the option may say, in all versions.</summary>
    public static string[] Values { get; } = [.. Enum.GetValues<VsyscallMode>().Select(NameOf)];

    /// <summary>The first version that has the option, and with it calls by faults.</summary>
    public static Version Since => s_option;

    /// <summary>The mode of a boot.</summary>
    /// <param name="version">Of the kernel.</param>
    /// <param name="value">What the command line says, or null for the version's own choice.</param>
    /// <exception cref="ArgumentException">The version has no such mode.</exception>
    public static VsyscallMode Of(Version version, string? value)
    {
        if (value is null)
            return version < s_option ? VsyscallMode.Native : version < s_xonly ? VsyscallMode.Emulate : VsyscallMode.Xonly;
        VsyscallMode mode = Of(value);
        if (Has(version, mode))
            return mode;
        string when = mode == VsyscallMode.Native ? $"Linux {s_noNative} took it away" : $"it came with Linux {s_xonly}";
        throw new ArgumentException(
            $"Linux {version} has no {Option}={value}: {when}. Values of this version: {string.Join(", ", Values.Where(name => Has(version, Of(name))))}.");
    }

    /// <summary>Whether a version has a mode.</summary>
    public static bool Has(Version version, VsyscallMode mode) => mode switch
    {
        VsyscallMode.Native => version < s_noNative,
        VsyscallMode.Xonly => version >= s_xonly,
        _ => version >= s_option,
    };

    private static VsyscallMode Of(string name) => Enum.GetValues<VsyscallMode>().First(mode => NameOf(mode) == name);

    private static string NameOf(VsyscallMode mode) => mode.ToString().ToLowerInvariant();
}
