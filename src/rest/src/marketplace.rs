//! The marketplace: products, inventory, carts, orders, applications to sell.

pub(crate) mod add_image;
pub(crate) mod applications;
pub(crate) mod apply;
pub(crate) mod body;
pub(crate) mod cancel;
pub(crate) mod cart;
pub(crate) mod change_product;
pub(crate) mod clear_cart;
pub(crate) mod decide;
pub(crate) mod inventory;
pub(crate) mod offer;
pub(crate) mod one_order;
pub(crate) mod order;
pub(crate) mod orders;
pub(crate) mod product;
pub(crate) mod products;
pub(crate) mod put_in_cart;
pub(crate) mod set_inventory;
pub(crate) mod set_status;
pub(crate) mod take_from_cart;
pub(crate) mod view;
pub(crate) mod withdraw;
