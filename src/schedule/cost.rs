//! x
/// x
#[derive(Debug)]
pub struct KernelCost;
/// x
#[derive(Debug)]
pub struct LevelPlan;
/// x
#[derive(Debug)]
pub struct Plan;
