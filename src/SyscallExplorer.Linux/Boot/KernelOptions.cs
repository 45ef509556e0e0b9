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
/// Which options there are differs between the versions.
/// </summary>
public sealed class KernelOptions
{
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
            if (!KernelOptionTable.Known.TryGetValue(parts[0], out KernelOption? option))
            {
                throw new ArgumentException(
                    Suggestion.Sentence("No kernel option is named", parts[0], "Known options", KernelOptionTable.Known.Keys), nameof(commandLine));
            }

            string[]? values = option.Values;
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

    /// <summary>The same command line without the options that a kernel is too old for, so that one can be given to several generations.</summary>
    public KernelOptions KnownTo(KernelGeneration kernel) =>
        Parse(string.Join(' ', Text.Split(' ').Where(word => word.Length > 0 && KernelOptionTable.Known[word.Split('=')[0]].Since <= kernel.Traits.Version)));

    /// <summary>kernel.randomize_va_space: 2 unless norandmaps says that no address is random.</summary>
    internal int RandomizeVaSpace => Given("norandmaps") ? 0 : 2;

    /// <summary>Whether 64-bit programs get a vDSO.</summary>
    internal bool HasVdso => Value("vdso") != "0";

    /// <summary>Whether 32-bit programs do.</summary>
    internal bool HasVdso32 => Value("vdso32") != "0";

    /// <summary>What a kernel does about the vsyscall page.</summary>
    internal VsyscallMode VsyscallIn(Version version) => VsyscallModes.Of(version, Value(VsyscallModes.Option));

    /// <summary>Refuses what a version does not have yet.</summary>
    /// <exception cref="ArgumentException">An option is younger than the kernel; the message says since when there is one.</exception>
    internal void CheckFor(Version version)
    {
        foreach (KernelOption option in _given.Keys.Select(name => KernelOptionTable.Known[name]))
        {
            if (version < option.Since)
            {
                IEnumerable<string> known = KernelOptionTable.Known.Values.Where(other => other.Since <= version).Select(other => other.Name);
                throw new ArgumentException(
                    $"Linux {version} has no option '{option.Name}': it came with Linux {option.Since}. Options of this version: {string.Join(", ", known)}.");
            }
        }

        _ = VsyscallIn(version);
    }

    /// <summary>What this boot of this processor switches on.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="version">Of the kernel; null means 5.13.</param>
    internal IReadOnlySet<KernelFeature> FeaturesFor(CpuModel cpu, Version? version = null)
    {
        version ??= KernelDesigns.Linux_5_13.Traits.Version;
        bool mitigate = Value("mitigations") != "off";
        bool Suffers(Vulnerabilities weakness) => (cpu.Vulnerabilities & weakness) != 0;
        var features = new HashSet<KernelFeature>();
        void Set(KernelFeature feature, bool value)
        {
            if (value && FeatureHistory.Has(version, feature))
                features.Add(feature);
        }

        Set(KernelFeature.La57, cpu.Has(CpuFeature.La57) && !Given("no5lvl"));
        Set(KernelFeature.Erms, cpu.Has(CpuFeature.Erms));
        Set(KernelFeature.Smap, cpu.Has(CpuFeature.Smap) && !Given("nosmap"));
        Set(KernelFeature.Smep, cpu.Has(CpuFeature.Smep) && !Given("nosmep"));
        Set(KernelFeature.Pcid, cpu.Has(CpuFeature.Pcid) && !Given("nopcid"));
        Set(KernelFeature.Fsgsbase, cpu.Has(CpuFeature.Fsgsbase) && !Given("nofsgsbase"));
        Set(KernelFeature.Xsave, cpu.Has(CpuFeature.Xsave));
        bool isEager = Value("eagerfpu") is { } eager && eager != "auto" ? eager == "on" : cpu.Has(CpuFeature.Xsaveopt);
        Set(KernelFeature.EagerFpu, isEager && version < LazyFpu.Gone);
        Set(KernelFeature.Rdtscp, cpu.Has(CpuFeature.Rdtscp));
        bool mfence = cpu.Vendor == CpuVendor.Amd && version < s_lfenceOnAmd;
        Set(KernelFeature.LfenceRdtsc, cpu.Has(CpuFeature.Sse2) && !mfence);
        Set(KernelFeature.MfenceRdtsc, cpu.Has(CpuFeature.Sse2) && mfence);
        Set(KernelFeature.Rdpid, cpu.Has(CpuFeature.Rdpid));
        Set(KernelFeature.X2Apic, cpu.Has(CpuFeature.X2Apic) && !Given("nox2apic"));
        Set(KernelFeature.TscDeadline, cpu.Has(CpuFeature.TscDeadlineTimer) && Value("lapic") != "notscdeadline");
        Set(KernelFeature.RandomizeKstackOffset, Value("randomize_kstack_offset") == "on");
        Set(KernelFeature.Ia32Emulation, Value("ia32_emulation") != "off");
        Set(KernelFeature.XenPv, Value("sysx.xenpv") == "on");
        Set(KernelFeature.StackErasure, Value("sysx.stackleak") == "on");

        // pti= comes first; only where it is absent do nopti and mitigations=off count.
        Toggle pti = Value("pti") switch
        {
            "on" => Toggle.On,
            "off" => Toggle.Off,
            null when Given("nopti") || !mitigate => Toggle.Off,
            _ => Toggle.Auto,
        };
        Set(KernelFeature.Pti, pti == Toggle.On || (pti == Toggle.Auto && Suffers(Vulnerabilities.Meltdown)));

        // The entries of FRED leave the page tables alone, so that isolation rules it out; and with it __kernel_vsyscall is int $0x80.
        Set(KernelFeature.Lkgs, cpu.Has(CpuFeature.Lkgs));
        Set(KernelFeature.Fred, Value("fred") == "on" && cpu.Has(CpuFeature.Fred) && cpu.Has(CpuFeature.Lkgs) && !features.Contains(KernelFeature.Pti));
        bool fred = features.Contains(KernelFeature.Fred);
        Set(KernelFeature.Sysenter32, cpu.HasLongModeSysenter && !fred);
        Set(KernelFeature.Syscall32, cpu.HasCompatibilitySyscall && !fred);

        SetBranchMitigations(cpu, version, mitigate, features, Set);

        // Where MDS is mended, stale data can be read by virtual machines only.
        bool staleData = version >= s_mmioStaleData && Suffers(Vulnerabilities.MmioStaleData) && Suffers(Vulnerabilities.Mds) && Value("mmio_stale_data") != "off";
        bool clears = (Suffers(Vulnerabilities.Mds) && Value("mds") != "off") || staleData;
        Set(KernelFeature.MdsClear, mitigate && clears && cpu.Has(CpuFeature.MdClear));

        // SMAP keeps speculation out of user memory only where the processor does not read across rings anyway, and where a program
        // cannot put a kernel address into GS.
        bool smapHolds = features.Contains(KernelFeature.Smap) && !Suffers(Vulnerabilities.Meltdown) && !features.Contains(KernelFeature.Fsgsbase);
        bool fences = mitigate && !Given("nospectre_v1") && Suffers(Vulnerabilities.SpectreV1) && !smapHolds;
        Set(KernelFeature.FenceSwapgsKernel, fences);
        Set(KernelFeature.FenceSwapgsUser, fences && cpu.Vendor == CpuVendor.Intel && !features.Contains(KernelFeature.Pti));
        return features;
    }

    /// <summary>
    /// mitigations=off and nospectre_v2 win over spectre_v2=; AMD's thunk asked for elsewhere is as if nothing had been asked for. RETBLEED decides
    /// first from Linux 5.19 on: on Intel IBRS then takes the place of retpolines. Where IBRS can stay on, nothing else is needed. AMD's own thunk is no longer chosen by itself from Linux 5.17 on.
    /// </summary>
    private void SetBranchMitigations(
        CpuModel cpu, Version version, bool mitigate, IReadOnlySet<KernelFeature> features, Action<KernelFeature, bool> set)
    {
        bool isAmd = cpu.Vendor == CpuVendor.Amd;
        bool suffers = (cpu.Vulnerabilities & Vulnerabilities.SpectreV2) != 0;
        string choice = Given("nospectre_v2") || !mitigate ? "off" : Value("spectre_v2") ?? "auto";
        if ((choice == "retpoline,amd" && !isAmd) || (choice == "ibrs" && (isAmd || !cpu.Has(CpuFeature.SpecCtrl))))
            choice = "auto";
        if (choice.StartsWith("eibrs", StringComparison.Ordinal) && (version < s_genericOnAmd || !cpu.HasEnhancedIbrs))
            choice = "auto";
        bool isAutomatic = choice is "auto" or "on";
        bool retbleed = version >= s_retbleed && mitigate && Value("retbleed") != "off" && (cpu.Vulnerabilities & Vulnerabilities.Retbleed) != 0;
        bool isWanted = choice switch { "off" => false, "auto" => suffers, _ => true };
        bool on = isWanted;
        bool ibrs = on && !isAmd && version >= s_retbleed && (choice == "ibrs" || (isAutomatic && retbleed && !cpu.HasEnhancedIbrs));
        if ((isAutomatic && cpu.HasEnhancedIbrs && version >= s_enhancedIbrs) || choice == "eibrs")
            on = false;
        bool lfence = cpu.Has(CpuFeature.Sse2)
            && (choice is "retpoline,amd" or "retpoline,lfence" or "eibrs,lfence" || (isAmd && choice != "retpoline,generic" && version < s_genericOnAmd));
        set(KernelFeature.KernelIbrs, ibrs);
        set(KernelFeature.RetpolineLfence, on && !ibrs && lfence);
        set(KernelFeature.Retpoline, on && !ibrs && !lfence);
        set(KernelFeature.RsbContextSwitch, on || (suffers && (isAutomatic || choice == "eibrs")));
        IReadOnlyList<KernelFeature> returns = mitigate ? ReturnMitigations.Of(cpu, version, Value("retbleed"), Value("spec_rstack_overflow")) : [];
        foreach (KernelFeature feature in returns)
            set(feature, true);
        set(KernelFeature.InlineReturns, !returns.Any(ReturnMitigations.NeedsThunk));
        bool history = isWanted && Value("spectre_bhi") != "off" && (cpu.Vulnerabilities & Vulnerabilities.Bhi) != 0 && !cpu.HasBhiControl;
        set(KernelFeature.ClearBranchHistory, history && !features.Contains(KernelFeature.Retpoline));
    }

    /// <summary>From here on LFENCE is made to serialise on AMD, and orders RDTSC as well.</summary>
    private static readonly Version s_lfenceOnAmd = new(4, 15);
    private static readonly Version s_enhancedIbrs = new(4, 19);
    private static readonly Version s_retbleed = new(5, 19);
    private static readonly Version s_genericOnAmd = new(5, 17);
    private static readonly Version s_mmioStaleData = new(5, 19);

    private bool Given(string name) => _given.ContainsKey(name);

    private string? Value(string name) => _given.GetValueOrDefault(name);
}
