using System.Collections.Immutable;

namespace SyscallExplorer.Machine;

/// <summary>What a file of timing figures says, checked.</summary>
internal sealed record MicroarchitectureData(
    string Name,
    string Vendor,
    string Part,
    double NominalGigahertz,
    string NominalGigahertzSource,
    (long Numerator, long Denominator) TscRatio,
    string TscRatioSource,
    TlbGeometry Tlb,
    BranchPredictorGeometry Predictor,
    PipelineGeometry Pipeline,
    ImmutableArray<Figure> Figures,
    string? Base);
