using System.Text;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// A processor as programs see it: vendor, CPUID, features, weaknesses, and the microarchitecture whose figures its cycles come from.
/// </summary>
public sealed record CpuModel
{
    /// <summary>The name by which notebooks ask for it, such as <c>Skylake</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Its maker.</summary>
    public required CpuVendor Vendor { get; init; }

    /// <summary>The brand string of CPUID 80000002h to 80000004h, at most 47 characters.</summary>
    public required string Brand { get; init; }

    /// <summary>Family, with the extended family added.</summary>
    public required int Family { get; init; }

    /// <summary>Model, with the extended model.</summary>
    public required int Model { get; init; }

    /// <summary>Stepping.</summary>
    public required int Stepping { get; init; }

    /// <summary>Width of a physical address in bits (MAXPHYADDR).</summary>
    public required int PhysicalAddressBits { get; init; }

    /// <summary>What it has.</summary>
    public required IReadOnlySet<CpuFeature> Features { get; init; }

    private readonly Lazy<Microarchitecture> _microarchitecture = new(() => throw new InvalidOperationException("The CPU model has no microarchitecture. Set CpuModel.Microarchitecture, for one to Microarchitecture.Load(\"Skylake\")."));

    /// <summary>What it suffers from.</summary>
    public required Vulnerabilities Vulnerabilities { get; init; }

    /// <summary>The timing figures and the geometry of its translation caches and predictors.</summary>
    public Microarchitecture Microarchitecture
    {
        get => _microarchitecture.Value;
        init => _microarchitecture = new Lazy<Microarchitecture>(value);
    }

    /// <summary>The name of <see cref="Microarchitecture"/>, for a model that shall not read the figures before they are needed.</summary>
    internal string MicroarchitectureName
    {
        init => _microarchitecture = Machine.Microarchitecture.Deferred(value);
    }

    /// <summary>Its caches, in the order in which CPUID lists them.</summary>
    public IReadOnlyList<CacheGeometry> Caches { get; init; } = [];

    /// <summary>
    /// Whether the local APIC's timer counts the crystal clock of 24 MHz of which the time-stamp counter is a multiple that CPUID 15h tells, and not the bus
    /// clock of 100 MHz. SDM vol. 3A, 10.5.4: the one where CPUID tells the ratio, else the other. Vol. 3B, 18.7.3, has the 24 MHz of Skylake client.
    /// </summary>
    /// <remarks>The 100 MHz are the reference clock from which the multipliers of Haswell start, by the same chapter; that AMD's timer counts one of 100 MHz too is an assumption.</remarks>
    public bool HasCrystalClock { get; init; }

    /// <summary>The frequency of the clock that the local APIC's timer divides and counts.</summary>
    public long ApicTimerHertz => HasCrystalClock ? CrystalClock.Hertz : CrystalClock.BusHertz;

    /// <summary>The last basic leaf of CPUID; by default that of the maker's parts of the years from 2013.</summary>
    public uint? MaxBasicLeaf { get; init; }

    /// <summary>The last extended leaf of CPUID, or 0 where there is none; by default that of the maker's parts of the years from 2013.</summary>
    public uint? MaxExtendedLeaf { get; init; }

    /// <summary>
    /// EAX and EDX of CPUID 2 on a processor of Intel's that has no leaf 4 to point to: its caches and TLBs, a byte each. Intel, AP-485, no. 241618, table of descriptors.
    /// </summary>
    public (uint Eax, uint Edx) CacheDescriptors { get; init; }

    /// <summary>Whether it has a feature.</summary>
    public bool Has(CpuFeature feature) => Features.Contains(feature);

    /// <summary>SYSCALL works in compatibility mode: AMD only. APM vol. 3, SYSCALL; SDM vol. 2B, SYSCALL (#UD outside 64-bit mode).</summary>
    public bool HasCompatibilitySyscall => Vendor == CpuVendor.Amd;

    /// <summary>IBRS can stay set, and keeps user mode from steering the kernel's indirect branches: IA32_ARCH_CAPABILITIES.IBRS_ALL. Intel, "Indirect Branch Restricted Speculation".</summary>
    public bool HasEnhancedIbrs { get; init; }

    /// <summary>The processor itself keeps branch history of user mode out of the kernel: IA32_SPEC_CTRL.BHI_DIS_S. Intel, "Branch History Injection".</summary>
    public bool HasBhiControl { get; init; }

    /// <summary>SYSENTER works in long mode: Intel only. APM vol. 3, SYSENTER (#UD in long mode); SDM vol. 2B, SYSENTER.</summary>
    public bool HasLongModeSysenter => Vendor == CpuVendor.Intel && Has(CpuFeature.Sep);

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>
    /// AC and ID, by which programs find out what they run on: AC came with the 486, and ID with CPUID. Intel, AP-485, no. 241618, section 4.
    /// </summary>
    internal ulong LateFlags => (Has(CpuFeature.I486) ? Rflags.AC : 0) | (Has(CpuFeature.Cpuid) ? Rflags.ID : 0);

    internal ulong PhysicalMask => (1ul << PhysicalAddressBits) - 1;

    /// <summary>
    /// How bytes are read. TZCNT and LZCNT are BSF and BSR with a prefix that older processors ignore; programs use that. SDM vol. 2B, LZCNT and TZCNT.
    /// </summary>
    internal DecoderOptions Decoding => (Vendor == CpuVendor.Amd ? DecoderOptions.AMD : DecoderOptions.None)
        | (Has(CpuFeature.Bmi1) ? DecoderOptions.None : DecoderOptions.NoMPFX_0FBC) | (Has(CpuFeature.Abm) ? DecoderOptions.None : DecoderOptions.NoMPFX_0FBD);

    /// <summary>Whether the model has what an instruction needs by CPUID; otherwise it is #UD.</summary>
    internal bool Implements(in Instruction instruction) => InstructionFeatures.Has(this, instruction.Code);

    /// <summary>What CPUID answers, as long as it depends on the model alone. SDM vol. 2A, CPUID.</summary>
    public (uint Eax, uint Ebx, uint Ecx, uint Edx) Cpuid(uint leaf, uint subleaf)
    {
        uint maxBasic = MaxBasicLeaf ?? (Vendor == CpuVendor.Intel ? 0x16u : 0x10u);
        uint maxExtended = MaxExtendedLeaf ?? (Vendor == CpuVendor.Intel ? 0x80000008 : 0x8000001E);
        if (leaf > (leaf < 0x80000000 ? maxBasic : maxExtended))
        {
            // Intel answers an unknown leaf with the data of the highest basic one, AMD with zeros.
            if (Vendor == CpuVendor.Amd)
                return default;
            leaf = maxBasic;
        }

        (uint eax, uint ebx, uint ecx, uint edx) = leaf switch
        {
            0 => WithVendor(maxBasic),
            1 => (Signature, 0x0001_0800u, 0u, 0u),
            MonitorLeaf when Has(CpuFeature.Monitor) => (MonitorLineSize, MonitorLineSize, 3u, 0x10u),
            TopologyLeaf.Leaf when Has(CpuFeature.X2Apic) => TopologyLeaf.Of(subleaf),
            CrystalClock.Leaf when HasCrystalClock => CrystalClock.Of(Microarchitecture),
            2 when Vendor == CpuVendor.Intel => maxBasic >= 4 ? CacheLeaves.Descriptors : (CacheDescriptors.Eax, 0u, 0u, CacheDescriptors.Edx),
            4 when Vendor == CpuVendor.Intel => CacheLeaves.Deterministic(Caches, subleaf),
            0x80000005 when Vendor == CpuVendor.Amd => CacheLeaves.AmdFirstLevel(Caches),
            0x80000006 => CacheLeaves.UpperLevels(Caches, withThird: Vendor == CpuVendor.Amd),
            0x8000001D when Vendor == CpuVendor.Amd => CacheLeaves.Deterministic(Caches, subleaf),
            StateComponentLeaf.Leaf => StateComponentLeaf.Of(this, subleaf),
            0x80000000 => Vendor == CpuVendor.Amd ? WithVendor(maxExtended) : (maxExtended, 0u, 0u, 0u),
            0x80000001 => (Vendor == CpuVendor.Amd ? Signature : 0u, 0u, 0u, 0u),
            >= 0x80000002 and <= 0x80000004 => BrandPart((int)(leaf - 0x80000002)),
            0x80000008 => ((uint)PhysicalAddressBits | ((Has(CpuFeature.La57) ? 57u : 48u) << 8), 0u, 0u, Has(CpuFeature.Rdpru) ? LastRdpruRegister << 16 : 0u),
            _ => default,
        };

        if (leaf == ExtendedFeatures && subleaf != 0)
            return (subleaf == 1 ? Bits(CpuidBits.SecondExtended) : 0, 0, 0, 0);
        if (leaf == ExtendedFeatures && Bits(CpuidBits.SecondExtended) != 0)
            eax = LastExtendedSubleaf;
        if (leaf == StateComponentLeaf.Leaf && subleaf == 1 && Has(CpuFeature.Xsave))
            eax |= Bits(CpuidBits.StateSaving);

        if (leaf == 0x80000001 && Vendor == CpuVendor.Amd)
            edx |= Cpuid(1, 0).Edx & CpuidBits.RepeatedByAmd;
        foreach ((CpuFeature feature, uint featureLeaf, CpuidRegister register, int bit) in CpuidBits.Table)
        {
            if (featureLeaf != leaf || !Has(feature))
                continue;
            uint mask = 1u << bit;
            switch (register)
            {
                case CpuidRegister.Eax:
                    eax |= mask;
                    break;
                case CpuidRegister.Ebx:
                    ebx |= mask;
                    break;
                case CpuidRegister.Ecx:
                    ecx |= mask;
                    break;
                default:
                    edx |= mask;
                    break;
            }
        }

        return (eax, ebx, ecx, edx);
    }

    private const uint ExtendedFeatures = 7;
    private const uint LastExtendedSubleaf = 1;
    private const uint LastRdpruRegister = 1;
    private const uint MonitorLeaf = 5;
    private const uint MonitorLineSize = 64;

    private uint Bits((CpuFeature Feature, int Bit)[] table)
    {
        uint bits = 0;
        foreach ((CpuFeature feature, int bit) in table)
            bits |= Has(feature) ? 1u << bit : 0;
        return bits;
    }

    private uint Signature
    {
        get
        {
            int baseFamily = Math.Min(Family, 15);
            return (uint)(Stepping | ((Model & 15) << 4) | (baseFamily << 8) | ((Model >> 4) << 16) | ((Family - baseFamily) << 20));
        }
    }

    private (uint Eax, uint Ebx, uint Ecx, uint Edx) WithVendor(uint eax)
    {
        byte[] name = Encoding.ASCII.GetBytes(Vendor == CpuVendor.Intel ? "GenuineIntel" : "AuthenticAMD");
        return (eax, BitConverter.ToUInt32(name, 0), BitConverter.ToUInt32(name, 8), BitConverter.ToUInt32(name, 4));
    }

    private (uint Eax, uint Ebx, uint Ecx, uint Edx) BrandPart(int part)
    {
        byte[] text = new byte[48];
        Encoding.ASCII.GetBytes(Brand).CopyTo(text, 0);
        return (BitConverter.ToUInt32(text, part * 16), BitConverter.ToUInt32(text, part * 16 + 4),
            BitConverter.ToUInt32(text, part * 16 + 8), BitConverter.ToUInt32(text, part * 16 + 12));
    }
}
