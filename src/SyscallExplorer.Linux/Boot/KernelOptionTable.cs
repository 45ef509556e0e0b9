namespace SyscallExplorer.Linux;

/// <summary>An option of the kernel's command line.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Values">What may stand behind the equals sign; null where nothing may.</param>
/// <param name="Since">The first version that has it.</param>
internal sealed record KernelOption(string Name, string[]? Values, Version Since);

/// <summary>The options that the kit knows. Documentation/admin-guide/kernel-parameters.txt of the versions named.</summary>
internal static class KernelOptionTable
{
    private static readonly Version s_always = new(2, 6, 39);

    public static IReadOnlyDictionary<string, KernelOption> Known { get; } = new KernelOption[]
    {
        new("mitigations", ["auto", "off"], new(5, 2)),
        new("pti", ["auto", "on", "off"], new(4, 15)),
        new("nopti", null, new(4, 15)),
        new("spectre_v2", ["auto", "on", "off", "retpoline", "retpoline,generic", "retpoline,amd", "retpoline,lfence", "ibrs", "eibrs", "eibrs,retpoline", "eibrs,lfence"], new(4, 15)),
        new("nospectre_v2", null, new(4, 15)),
        new("nospectre_v1", null, new(5, 1)),
        new("spectre_bhi", ["on", "off"], new(6, 9)),
        new("retbleed", ["auto", "off", "unret", "ibpb", "auto,nosmt", "unret,nosmt", "ibpb,nosmt"], new(5, 19)),
        new("mds", ["full", "off", "full,nosmt"], new(5, 2)),
        new("mmio_stale_data", ["full", "off", "full,nosmt"], new(5, 19)),
        new("spec_rstack_overflow", ["off", "microcode", "safe-ret", "ibpb", "ibpb-vmexit"], new(6, 5)),
        new("ia32_emulation", ["on", "off"], new(6, 7)),
        new("no5lvl", null, new(4, 18)),
        new("nosmap", null, new(3, 7)),
        new("nosmep", null, new(3, 0)),
        new("nopcid", null, new(4, 14)),
        new("nofsgsbase", null, new(5, 9)),
        new("eagerfpu", ["auto", "on", "off"], new(3, 7)),
        new("nox2apic", null, s_always),
        new("lapic", ["notscdeadline"], s_always),
        new("randomize_kstack_offset", ["on", "off"], new(5, 13)),
        new("norandmaps", null, s_always),
        new("vdso", ["0", "1"], s_always),
        new("vdso32", ["0", "1"], s_always),
        new(VsyscallModes.Option, VsyscallModes.Values, VsyscallModes.Since),
        new("fred", ["on", "off"], new(6, 9)),
        new("quiet", null, s_always),

        // The kit's own: what Linux finds in its surroundings or decides when it is built.
        new("sysx.xenpv", ["on", "off"], new(4, 4)),
        new("sysx.stackleak", ["on", "off"], new(4, 20)),
    }.ToDictionary(option => option.Name);
}
