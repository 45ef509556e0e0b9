namespace SyscallExplorer.Machine;

/// <content>The paging mode in force, and the PDPTE registers of PAE paging. SDM vol. 3A, 4.1.1 and 4.4.1.</content>
public sealed partial class Processor
{
    /// <summary>What leads to a reload of the PDPTE registers when CR0 or CR4 is written under PAE paging.</summary>
    internal const ulong Cr0ReloadingPdptes = Cr0.CD | Cr0.NW | Cr0.PG;

    internal const ulong Cr4ReloadingPdptes = Cr4.PAE | Cr4.PGE | Cr4.PSE | Cr4.SMEP;

    private const int PdpteCount = 4;
    private const ulong PdpteTableAddress = 0xFFFF_FFE0;

    /// <summary>Bits 2:1 and 8:5 of a PDPTE; those beyond the physical address are reserved too.</summary>
    private const ulong ReservedInPdpte = 0x1E6;

    private PagingMode _pagingMode;
    private PagingRules _pagingRules;

    /// <summary>Half of the linear address space of the paging mode in force: 2^47, or 2^56 with 5-level paging.</summary>
    private ulong _canonicalHalf = HalfOf48Bits;

    private const ulong HalfOf48Bits = 1ul << 47;
    private const ulong HalfOf57Bits = 1ul << 56;

    internal PagingMode PagingMode => _pagingMode;

    /// <summary>
    /// Whether a base address or an address in an MSR is canonical: these are checked against the width that the processor has, whatever
    /// the paging mode. SDM vol. 3A, 4.5.1; vol. 1, 3.3.7.1.
    /// </summary>
    internal bool IsCanonicalBase(ulong linear)
    {
        ulong half = Model.Has(CpuFeature.La57) ? HalfOf57Bits : HalfOf48Bits;
        return linear + half < half << 1;
    }

    /// <summary>Reads the four PDPTEs that a value of CR3 points to.</summary>
    /// <returns>False when a present one has a reserved bit set, which is #GP(0).</returns>
    internal bool TryReadPdptes(ulong cr3, out PdpteRegisters registers)
    {
        registers = default;
        bool legal = true;
        for (int i = 0; i < PdpteCount; i++)
        {
            ulong entry = Bus.ReadPhysical64((cr3 & PdpteTableAddress) + (ulong)(i * sizeof(ulong)));
            registers[i] = entry;
            legal &= (entry & PageEntry.P) == 0 || (entry & (ReservedInPdpte | ~Model.PhysicalMask)) == 0;
        }

        return legal;
    }

    /// <summary>Recomputes all that follows from registers which the owner has set, the PDPTE registers too. No translation survives its paging mode.</summary>
    internal void AcceptOwnersControlRegisters()
    {
        PagingMode before = _pagingMode;
        RefreshDerivedState();
        if (_pagingMode != before)
            InvalidateAllTranslations(alsoGlobal: true);
        if (_pagingMode == PagingMode.Pae)
            TryReadPdptes(S.Cr3, out S.Pdptes);
    }

    /// <summary>
    /// The entries on the way of a linear address through the paging structures in memory. Nothing changes: no accessed bit is set, and the TLB is
    /// not asked, which may still hold what the tables no longer say.
    /// </summary>
    /// <param name="linear">The address.</param>
    /// <param name="root">A value of CR3 that stands for other tables than those in use; null means these.</param>
    /// <returns>Without steps, and leading to itself, when paging is off.</returns>
    /// <exception cref="ArgumentException">The address is not one of the paging mode's: it is not canonical, or has more than 32 bits.</exception>
    public PagePath WalkOf(ulong linear, ulong? root = null)
    {
        bool isWide = _pagingMode is PagingMode.FourLevel or PagingMode.FiveLevel;
        if (isWide ? !IsCanonical(linear) : linear > uint.MaxValue)
        {
            string rule = isWide
                ? $"bits 63 to {(_pagingMode == PagingMode.FiveLevel ? 56 : 47)} of an address are all alike with the paging that is in force"
                : "addresses have 32 bits in this mode";
            throw new ArgumentException($"{linear:x}h is no address that can be translated: {rule}.", nameof(linear));
        }

        return _pagingMode switch
        {
            PagingMode.None => new PagePath(linear, 0, [], linear, 0),
            PagingMode.Pae => PathByPdpte(linear, root),
            _ => PageWalk.PathOf(Bus, _pagingRules, root ?? S.Cr3, linear),
        };
    }

    /// <summary>The first entry is one of four that the processor keeps in registers from the load of CR3 on; of other tables it is what memory holds.</summary>
    private PagePath PathByPdpte(ulong linear, ulong? root)
    {
        const ulong tableMask = 0xFFFF_FFE0;
        int index = (int)(linear >> 30) & (PdpteCount - 1);
        ulong address = ((root ?? S.Cr3) & tableMask) + (ulong)index * sizeof(ulong);
        ulong entry = root is null ? S.Pdptes[index] : Bus.Ram.Contains(address) ? Bus.Ram.ReadUInt64(address) : 0;
        PagePath below = PageWalk.PathOf(Bus, _pagingRules, entry, linear);
        return below with { Root = root ?? S.Cr3, Steps = [new PagePathStep("PDPTE", index, address, entry, IsLeaf: false), .. below.Steps] };
    }

    /// <summary>Where the walk for an address begins.</summary>
    private ulong PagingRoot(ulong linear) => _pagingMode == PagingMode.Pae ? S.Pdptes[(int)(linear >> 30) & (PdpteCount - 1)] : S.Cr3;

    /// <summary>Recomputes what a change of CR0, CR4 or IA32_EFER means for paging.</summary>
    internal void RefreshPagingMode()
    {
        _pagingMode = ModeOf(S.Cr0, S.Cr4, S.Efer);
        _pagingRules = new PagingRules(
            _pagingMode,
            WriteProtect: (S.Cr0 & Cr0.WP) != 0,
            Smep: (S.Cr4 & Cr4.SMEP) != 0,
            Smap: (S.Cr4 & Cr4.SMAP) != 0,
            NoExecute: (S.Efer & Efer.NXE) != 0 && _pagingMode != PagingMode.TwoLevel,
            GlobalPages: (S.Cr4 & Cr4.PGE) != 0,
            GigabytePages: Model.Has(CpuFeature.Pdpe1gb),
            LargePages: (S.Cr4 & Cr4.PSE) != 0,
            WideLargePages: Model.Has(CpuFeature.Pse36),
            PhysicalMask: Model.PhysicalMask);
        _canonicalHalf = _pagingMode == PagingMode.FiveLevel ? HalfOf57Bits : HalfOf48Bits;
    }

    /// <summary>The paging mode that values of CR0, CR4 and IA32_EFER give.</summary>
    internal static PagingMode ModeOf(ulong cr0, ulong cr4, ulong efer)
    {
        if ((cr0 & Cr0.PG) == 0)
            return PagingMode.None;
        if ((efer & Efer.LMA) != 0)
            return (cr4 & Cr4.LA57) != 0 ? PagingMode.FiveLevel : PagingMode.FourLevel;
        return (cr4 & Cr4.PAE) != 0 ? PagingMode.Pae : PagingMode.TwoLevel;
    }
}
