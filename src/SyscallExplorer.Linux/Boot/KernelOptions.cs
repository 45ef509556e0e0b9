using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>A switch of the kernel's command line.</summary>
internal enum Toggle
{
    Auto,
    On,
    Off,
}

/// <summary>
/// The kernel's command line, as Linux writes it. An unknown option is an error, not a silent wish.
/// Documentation/admin-guide/kernel-parameters.txt of Linux 5.13.
/// </summary>
public sealed class KernelOptions
{
    private static readonly Dictionary<string, string[]?> Known = new()
    {
        ["mitigations"] = ["auto", "off"],
        ["pti"] = ["auto", "on", "off"],
        ["nopti"] = null,
        ["spectre_v2"] = ["auto", "on", "off", "retpoline", "retpoline,generic", "retpoline,amd"],
        ["nospectre_v2"] = null,
        ["nospectre_v1"] = null,
        ["mds"] = ["full", "off"],
        ["nosmap"] = null,
        ["nosmep"] = null,
        ["nopcid"] = null,
        ["nofsgsbase"] = null,
        ["nox2apic"] = null,
        ["lapic"] = ["notscdeadline"],
        ["randomize_kstack_offset"] = ["on", "off"],
        ["norandmaps"] = null,
        ["vdso"] = ["0", "1"],
        ["vdso32"] = ["0", "1"],
        ["quiet"] = null,
    };

    private readonly Dictionary<string, string> _given = [];

    private KernelOptions(string text) => Text = text;

    /// <summary>No options.</summary>
    public static KernelOptions None { get; } = new("");

    /// <summary>The command line with single spaces.</summary>
    public string Text { get; }

    /// <summary>Reads a command line.</summary>
    /// <exception cref="ArgumentException">An option or its value is unknown; the message names the nearest right ones.</exception>
    public static KernelOptions Parse(string commandLine)
    {
        string[] words = commandLine.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var options = new KernelOptions(string.Join(' ', words));
        foreach (string word in words)
        {
            string[] parts = word.Split('=', 2);
            if (!Known.TryGetValue(parts[0], out string[]? values))
                throw new ArgumentException(Suggestion.Sentence("No kernel option is named", parts[0], "Known options", Known.Keys), nameof(commandLine));
            if (values is null && parts.Length == 2)
                throw new ArgumentException($"The kernel option '{parts[0]}' takes no value; it was given '{parts[1]}'.", nameof(commandLine));
            if (values is not null && (parts.Length == 1 || !values.Contains(parts[1])))
            {
                throw new ArgumentException(
                    Suggestion.Sentence($"The kernel option '{parts[0]}' has no value", parts.Length == 1 ? "" : parts[1], "Its values", values), nameof(commandLine));
            }

            options._given[parts[0]] = parts.Length == 2 ? parts[1] : "";
        }

        return options;
    }

    /// <summary>kernel.randomize_va_space: 2 unless norandmaps says that no address is random.</summary>
    internal int RandomizeVaSpace => Given("norandmaps") ? 0 : 2;

    /// <summary>Whether 64-bit programs get a vDSO.</summary>
    internal bool HasVdso => Value("vdso") != "0";

    /// <summary>Whether 32-bit programs do.</summary>
    internal bool HasVdso32 => Value("vdso32") != "0";

    /// <summary>What this boot of this processor switches on.</summary>
    internal IReadOnlySet<KernelFeature> FeaturesFor(CpuModel cpu)
    {
        bool mitigate = Value("mitigations") != "off";
        bool Suffers(Vulnerabilities weakness) => (cpu.Vulnerabilities & weakness) != 0;
        var features = new HashSet<KernelFeature>();
        void Set(KernelFeature feature, bool value)
        {
            if (value)
                features.Add(feature);
        }

        Set(KernelFeature.Smap, cpu.Has(CpuFeature.Smap) && !Given("nosmap"));
        Set(KernelFeature.Smep, cpu.Has(CpuFeature.Smep) && !Given("nosmep"));
        Set(KernelFeature.Pcid, cpu.Has(CpuFeature.Pcid) && !Given("nopcid"));
        Set(KernelFeature.Fsgsbase, cpu.Has(CpuFeature.Fsgsbase) && !Given("nofsgsbase"));
        Set(KernelFeature.Xsave, cpu.Has(CpuFeature.Xsave));
        Set(KernelFeature.Rdtscp, cpu.Has(CpuFeature.Rdtscp));
        Set(KernelFeature.LfenceRdtsc, cpu.Has(CpuFeature.Sse2));
        Set(KernelFeature.Rdpid, cpu.Has(CpuFeature.Rdpid));
        Set(KernelFeature.X2Apic, cpu.Has(CpuFeature.X2Apic) && !Given("nox2apic"));
        Set(KernelFeature.TscDeadline, cpu.Has(CpuFeature.TscDeadlineTimer) && Value("lapic") != "notscdeadline");
        Set(KernelFeature.Sysenter32, cpu.HasLongModeSysenter);
        Set(KernelFeature.Syscall32, cpu.HasCompatibilitySyscall);
        Set(KernelFeature.RandomizeKstackOffset, Value("randomize_kstack_offset") == "on");

        // pti= comes first; only where it is absent do nopti and mitigations=off count.
        Toggle pti = Value("pti") switch
        {
            "on" => Toggle.On,
            "off" => Toggle.Off,
            null when Given("nopti") || !mitigate => Toggle.Off,
            _ => Toggle.Auto,
        };
        Set(KernelFeature.Pti, pti == Toggle.On || (pti == Toggle.Auto && Suffers(Vulnerabilities.Meltdown)));

        SetRetpoline(cpu, mitigate, Suffers(Vulnerabilities.SpectreV2), Set);
        Set(KernelFeature.MdsClear, mitigate && Suffers(Vulnerabilities.Mds) && cpu.Has(CpuFeature.MdClear) && Value("mds") != "off");

        // SMAP keeps speculation out of user memory only where the processor does not read across rings anyway, and where a program
        // cannot put a kernel address into GS.
        bool smapHolds = features.Contains(KernelFeature.Smap) && !Suffers(Vulnerabilities.Meltdown) && !features.Contains(KernelFeature.Fsgsbase);
        bool fences = mitigate && !Given("nospectre_v1") && Suffers(Vulnerabilities.SpectreV1) && !smapHolds;
        Set(KernelFeature.FenceSwapgsKernel, fences);
        Set(KernelFeature.FenceSwapgsUser, fences && cpu.Vendor == CpuVendor.Intel && !features.Contains(KernelFeature.Pti));
        return features;
    }

    /// <summary>mitigations=off and nospectre_v2 win over spectre_v2=; AMD's thunk asked for elsewhere is as if nothing had been asked for.</summary>
    private void SetRetpoline(CpuModel cpu, bool mitigate, bool suffers, Action<KernelFeature, bool> set)
    {
        string choice = Given("nospectre_v2") || !mitigate ? "off" : Value("spectre_v2") ?? "auto";
        if (choice == "retpoline,amd" && cpu.Vendor != CpuVendor.Amd)
            choice = "auto";
        bool on = choice switch { "off" => false, "auto" => suffers, _ => true };
        bool lfence = choice != "retpoline,generic" && cpu.Vendor == CpuVendor.Amd;
        set(KernelFeature.RetpolineLfence, on && lfence);
        set(KernelFeature.Retpoline, on && !lfence);
        set(KernelFeature.RsbContextSwitch, on);
    }

    private bool Given(string name) => _given.ContainsKey(name);

    private string? Value(string name) => _given.GetValueOrDefault(name);
}
